/** The tool in Node: LiteRT.js from npm, networks from the package, tables and card from the vectors. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { openTool } from '../tool.js';
import { VECTORS } from './vectors.js';

const HERE = dirname(fileURLToPath(import.meta.url)), LITERT = join(HERE, '..', 'node_modules', '@litertjs', 'core');
const WEIGHTS = join(HERE, '..', '..', 'boneage', 'weights');

/** What the runtime's script expects of a browser's worker, or finds in Node as a script and not as a module. */
function likeAWorker() {
  globalThis.self = globalThis;
  globalThis.navigator ??= {}; // none in Node 20
  globalThis.require = createRequire(import.meta.url);
  globalThis.importScripts = path => {
    Object.assign(globalThis, { __filename: path, __dirname: dirname(path) });
    runInThisContext(readFileSync(path, 'utf8'), { filename: path });
  };
}

/** A file of the site, wherever it lies before the build. */
function load(address) {
  const [, name] = address.match(/^weights\/(.*)$/) ?? [];
  return new Uint8Array(readFileSync(name ? join(WEIGHTS, name) : join(VECTORS, 'tables', address)));
}

let tool = null;

/** The tool, opened once; `options` as for openTool. */
export function openInNode(options = {}) {
  likeAWorker();
  const library = () => import(join(LITERT, 'dist', 'index.js'));
  const given = { base: '', load: async address => load(address), library, runtime: `${join(LITERT, 'wasm')}/` };
  tool ??= openTool({ ...given, ...options });
  return tool;
}
