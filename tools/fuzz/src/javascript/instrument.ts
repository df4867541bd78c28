import ts from 'typescript';

/** One way that control can take, and where its source is. */
export interface Branch {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
}

/** The name under which instrumented code finds its counters: one byte for each branch, set to 1 when it is taken. */
export const COUNTERS = '__pypoolFuzzCounters';

/**
 * TypeScript to JavaScript that notes which branches it takes: both ways of `if` and `?:`, the right side of `&&`, `||` and `??`, each
 * `case`, loop body, `catch`, default value and function. Its own, since V8's coverage costs milliseconds to read, and a fuzzer asks after
 * every input.
 *
 * @param branches - Gets what is found; a branch's number is its place there.
 */
export function instrument(source: string, file: string, branches: Branch[]): string {
  const factory = ts.factory;
  let sourceFile: ts.SourceFile;

  const note = (node: ts.Node, kind: string): ts.Expression => {
    const { line } = sourceFile.getLineAndCharacterOfPosition(node.getStart(sourceFile));
    const number = branches.push({ file, line: line + 1, kind }) - 1;
    const counters = factory.createPropertyAccessExpression(factory.createIdentifier('globalThis'), COUNTERS);
    const counter = factory.createElementAccessExpression(counters, number);
    return factory.createAssignment(counter, factory.createNumericLiteral(1));
  };
  const before = (node: ts.Expression, kind: string, visit: ts.Visitor): ts.Expression => {
    const noted = note(node, kind);
    const visited = ts.visitNode(node, visit) as ts.Expression;
    return factory.createParenthesizedExpression(factory.createComma(noted, visited));
  };
  const block = (node: ts.Statement, kind: string, visit: ts.Visitor): ts.Block => {
    const noted = factory.createExpressionStatement(note(node, kind));
    if (!ts.isBlock(node))
      return factory.createBlock([noted, ts.visitNode(node, visit) as ts.Statement], true);
    return factory.createBlock([noted, ...ts.visitNodes(node.statements, visit, ts.isStatement)], true);
  };
  const absent = (node: ts.Node, kind: string): ts.Block =>
    factory.createBlock([factory.createExpressionStatement(note(node, kind))], true);

  const transformer: ts.TransformerFactory<ts.SourceFile> = (context) => (root) => {
    sourceFile = root;
    const visit: ts.Visitor = (node) => {
      if (ts.isIfStatement(node)) {
        const test = ts.visitNode(node.expression, visit) as ts.Expression;
        const then = block(node.thenStatement, 'if', visit);
        const otherwise = node.elseStatement
          ? block(node.elseStatement, 'else', visit)
          : absent(node, 'else');
        return factory.updateIfStatement(node, test, then, otherwise);
      }
      if (ts.isConditionalExpression(node)) {
        return factory.updateConditionalExpression(
          node,
          ts.visitNode(node.condition, visit) as ts.Expression,
          node.questionToken,
          before(node.whenTrue, '?', visit),
          node.colonToken,
          before(node.whenFalse, ':', visit),
        );
      }
      if (ts.isBinaryExpression(node) && isShortCut(node.operatorToken.kind)) {
        const left = ts.visitNode(node.left, visit) as ts.Expression;
        const right = before(node.right, node.operatorToken.getText(sourceFile), visit);
        return factory.updateBinaryExpression(node, left, node.operatorToken, right);
      }
      if (ts.isCaseClause(node) || ts.isDefaultClause(node)) {
        const noted = factory.createExpressionStatement(note(node, 'case'));
        const statements = [noted, ...ts.visitNodes(node.statements, visit, ts.isStatement)];
        return ts.isDefaultClause(node)
          ? factory.updateDefaultClause(node, statements)
          : factory.updateCaseClause(node, ts.visitNode(node.expression, visit) as ts.Expression, statements);
      }
      if (ts.isCatchClause(node)) {
        return factory.updateCatchClause(node, node.variableDeclaration, block(node.block, 'catch', visit));
      }
      if ((ts.isParameter(node) || ts.isBindingElement(node)) && node.initializer) {
        const value = before(node.initializer, 'default', visit);
        return ts.isParameter(node)
          ? factory.updateParameterDeclaration(
              node,
              node.modifiers,
              node.dotDotDotToken,
              node.name,
              node.questionToken,
              node.type,
              value,
            )
          : factory.updateBindingElement(node, node.dotDotDotToken, node.propertyName, node.name, value);
      }
      if (
        ts.isForOfStatement(node) ||
        ts.isForInStatement(node) ||
        ts.isForStatement(node) ||
        ts.isWhileStatement(node)
      ) {
        const body = block(node.statement, 'loop', visit);
        const visited = ts.visitEachChild(
          node,
          (child) => (child === node.statement ? child : visit(child)),
          context,
        );
        return withBody(visited, body);
      }
      if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.body) {
        const body = block(node.body, 'function', visit);
        const visited = ts.visitEachChild(
          node,
          (child) => (child === node.body ? child : visit(child)),
          context,
        );
        return ts.isMethodDeclaration(visited)
          ? factory.updateMethodDeclaration(
              visited,
              visited.modifiers,
              visited.asteriskToken,
              visited.name,
              visited.questionToken,
              visited.typeParameters,
              visited.parameters,
              visited.type,
              body,
            )
          : factory.updateFunctionDeclaration(
              visited,
              visited.modifiers,
              visited.asteriskToken,
              visited.name,
              visited.typeParameters,
              visited.parameters,
              visited.type,
              body,
            );
      }
      return ts.visitEachChild(node, visit, context);
    };
    const withBody = (node: ts.Node, body: ts.Block): ts.Statement => {
      if (ts.isForOfStatement(node))
        return factory.updateForOfStatement(
          node,
          node.awaitModifier,
          node.initializer,
          node.expression,
          body,
        );
      if (ts.isForInStatement(node))
        return factory.updateForInStatement(node, node.initializer, node.expression, body);
      if (ts.isForStatement(node))
        return factory.updateForStatement(node, node.initializer, node.condition, node.incrementor, body);
      return factory.updateWhileStatement(
        node as ts.WhileStatement,
        (node as ts.WhileStatement).expression,
        body,
      );
    };
    return ts.visitNode(root, visit) as ts.SourceFile;
  };
  return toJavaScript(source, file, [transformer]);
}

/** TypeScript to JavaScript, and nothing else. */
export function toJavaScript(
  source: string,
  file: string,
  before: ts.TransformerFactory<ts.SourceFile>[] = [],
): string {
  return ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
    transformers: { before },
  }).outputText;
}

function isShortCut(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.QuestionQuestionEqualsToken
  );
}
