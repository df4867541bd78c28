/** What a module may do with a library before it is forked. */
export interface Library {
  /** What to call it at the command line. */
  readonly name: string;
  /** Of the package on PyPI. */
  readonly distribution: string;
  /** Statements at the top of the module, on one line. */
  readonly does: string;
  /** An expression that a worker can work out, which needs the library to work in the child. */
  readonly uses: string;
}

export const LIBRARIES: readonly Library[] = [
  {
    name: 'numpy',
    distribution: 'numpy',
    does: 'import numpy',
    uses: 'int((numpy.ones((300, 300)) @ numpy.ones((300, 300)))[0, 0])',
  },
  {
    name: 'pandas',
    distribution: 'pandas',
    does: 'import pandas',
    uses: "int(pandas.DataFrame({'a': [1, 2]}).a.sum())",
  },
  {
    name: 'pyarrow',
    distribution: 'pyarrow',
    does: 'import pyarrow',
    uses: 'len(pyarrow.array([1, 2, 3]))',
  },
  {
    name: 'torch',
    distribution: 'torch',
    does: 'import torch',
    uses: 'int((torch.ones(300, 300) @ torch.ones(300, 300))[0, 0])',
  },
  {
    name: 'torch-used',
    distribution: 'torch',
    does: 'import torch; weights = torch.ones(300, 300) @ torch.ones(300, 300)',
    uses: 'int((weights @ torch.ones(300, 300))[0, 0])',
  },
  { name: 'grpc', distribution: 'grpcio', does: 'import grpc', uses: 'grpc.StatusCode.OK.name' },
  {
    name: 'grpc-used',
    distribution: 'grpcio',
    does: "import grpc; channel = grpc.insecure_channel('localhost:1')",
    uses: 'grpc.StatusCode.OK.name',
  },
  {
    name: 'dspy',
    distribution: 'dspy',
    does: 'import dspy',
    uses: "list(dspy.Signature('question -> answer').output_fields)[0]",
  },
];
