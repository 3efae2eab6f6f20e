import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import { below } from './target.ts';

/** Which row of the route table a path belongs to. */
export type Row =
  /** Pages for those who run the firewall; no name of a package is in them. */
  | { readonly kind: 'health' | 'ready' | 'metrics' }
  /** Explains a refusal to the one who got it. */
  | { readonly kind: 'why'; readonly leaf: string }
  /** The ledger: `files` of the log below `/ledger/`, `query` below `/api/v1/ledger/`; `path` is what follows. */
  | {
      readonly kind: 'ledger';
      readonly part: 'files' | 'query';
      readonly path: string;
      /** Whether anybody may have it: a checkpoint and the key that it is verified with. */
      readonly open: boolean;
    }
  /** `mount` is the one under which the client asked, `path` what follows it. */
  | {
      readonly kind: 'ecosystem';
      readonly ecosystem: Ecosystem;
      readonly mount: string;
      readonly path: string;
    }
  | { readonly kind: 'none' };

const FILES = '/ledger/';
const QUERY = '/api/v1/ledger/';

/** Whose routes are also at the root: npm itself rewrites foreign tarball addresses to the host's root. */
const ROOT = 'npm';

/** Of the running log, and of those before it (C2SP tlog-tiles; a checkpoint that nobody sees binds nobody). */
const OPEN = /^(?:logs\/[1-9][0-9]{0,8}\/)?(?:checkpoint|vkey)$/;

/** Prefixes of other rooms. At the root they would otherwise be taken for package names. */
const RESERVED = ['/api/', '/console/'];

/**
 * The whole route table, in order. A path exists because a line here says so; all that is below an
 * ecosystem's mount is read by that ecosystem's own grammar.
 */
export function rowOf(path: string, ecosystems: readonly Ecosystem[]): Row {
  if (path === '/healthz') return { kind: 'health' };
  if (path === '/readyz') return { kind: 'ready' };
  if (path === '/metrics') return { kind: 'metrics' };
  const why = /^\/-\/why\/([0-9a-f]{64})$/.exec(path);
  if (why?.[1]) return { kind: 'why', leaf: why[1] };
  if (path.startsWith(FILES)) {
    const below = path.slice(FILES.length);
    return { kind: 'ledger', part: 'files', path: below, open: OPEN.test(below) };
  }
  if (path.startsWith(QUERY))
    return { kind: 'ledger', part: 'query', path: path.slice(QUERY.length), open: false };
  if (path.startsWith('/-/why/') || RESERVED.some((prefix) => path.startsWith(prefix)))
    return { kind: 'none' };
  for (const ecosystem of ecosystems) {
    const { mount } = ecosystem;
    if (path.startsWith(mount)) return { kind: 'ecosystem', ecosystem, mount, path: below(mount, path) };
  }
  const root = ecosystems.find((ecosystem) => ecosystem.id === ROOT);
  return root ? { kind: 'ecosystem', ecosystem: root, mount: '/', path: below('/', path) } : { kind: 'none' };
}
