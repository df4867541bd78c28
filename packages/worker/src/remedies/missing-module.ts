import type { PythonError } from '@pypool/protocol';
import type { FoundPython } from '../python/find-python.js';
import { environmentOf, nearbyEnvironments, packagesHold } from './environments.js';

/** Packages whose name is another than that of the module that they hold, as they are missed most. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  bs4: 'beautifulsoup4',
  Crypto: 'pycryptodome',
  cv2: 'opencv-python-headless',
  dateutil: 'python-dateutil',
  docx: 'python-docx',
  dotenv: 'python-dotenv',
  faiss: 'faiss-cpu',
  fitz: 'pymupdf',
  git: 'GitPython',
  jwt: 'PyJWT',
  MySQLdb: 'mysqlclient',
  OpenSSL: 'pyOpenSSL',
  PIL: 'pillow',
  pptx: 'python-pptx',
  psycopg2: 'psycopg2-binary',
  serial: 'pyserial',
  skimage: 'scikit-image',
  sklearn: 'scikit-learn',
  yaml: 'PyYAML',
  zmq: 'pyzmq',
};

/** Python's own modules that a Python may lack: optional parts of a build, and those that newer versions dropped. */
const OWN_MODULES =
  /^(?:_.*|asynchat|asyncore|bz2|cgi|crypt|ctypes|curses|dbm|distutils|imp|lzma|readline|smtpd|sqlite3|ssl|telnetlib|tkinter|zlib)$/;

/** How many modules are remembered; nobody misses more. */
const MOST_REMEMBERED = 50;

/** Explains missing modules by the interpreter that lacks them; the file system is asked once for each module. */
export class MissingModules {
  readonly #python: FoundPython | undefined;
  readonly #folders: readonly string[];
  readonly #said = new Map<string, string>();

  /**
   * @param python - `undefined` where a launcher chose it, and only that knows.
   * @param folders - from where upward environments are looked for: the modules', and the working directory
   */
  constructor(python: FoundPython | undefined, folders: readonly string[]) {
    this.#python = python;
    this.#folders = folders;
  }

  /** What is to be said of a module that is not there. */
  explain(name: string): string {
    const said = this.#said.get(name) ?? this.#explain(name);
    if (this.#said.size < MOST_REMEMBERED) this.#said.set(name, said);
    return said;
  }

  #explain(name: string): string {
    if (this.#python === undefined) return '';
    const { path, foundBy } = this.#python;
    const [top = name, ...parts] = name.split('.');
    const own = environmentOf(path);
    const where = own === undefined ? 'no virtual environment' : `the environment ${own}`;
    const lacking = `; it is missing in ${path} (found by ${foundBy}; ${where})`;
    const other = nearbyEnvironments(this.#folders).find(
      (folder) => folder !== own && !path.startsWith(`${folder}/`) && packagesHold(folder, top),
    );
    if (other !== undefined) return `${lacking}, and is in ${other}: choose that with python: '${other}'.`;
    if (parts.length > 0) {
      return `${lacking}, though ${name.slice(0, name.lastIndexOf('.'))} is there: in another version, or as a file of that name that hides it.`;
    }
    const choose = 'choose another interpreter with the python option or PYPOOL_PYTHON';
    if (OWN_MODULES.test(top)) {
      return `${lacking}: a part of Python itself that this one was built without, or that its version dropped; ${choose}.`;
    }
    return `${lacking}. If it is of a package, install that: ${path} -m pip install ${PACKAGE_OF[top] ?? top}; or ${choose}.`;
  }
}

/** Where a module is missing: in which Python, and what helps. */
export function missingModule(error: PythonError, modules: MissingModules): string {
  const name = nameOf(error);
  return name === undefined ? '' : modules.explain(name);
}

/** The module that Python looked for in vain, or the one that the option `module` names. */
function nameOf({ pythonType, message }: PythonError): string | undefined {
  if (pythonType === 'ModuleNotFoundError') return /No module named '([^']+)'/.exec(message)?.[1];
  if (pythonType === 'NothingToServe') return /there is no module named '([^']+)'/.exec(message)?.[1];
  return undefined;
}
