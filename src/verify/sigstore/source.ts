import { EvidenceFault } from '../fault.ts';

/**
 * `host/owner/name`, with groups where there are any, of `https://host/owner/name` or the same without a scheme. The
 * path keeps its case.
 * @throws EvidenceFault `issuer` for an address of another form
 */
export function normalRepository(address: string | null): string | null {
  if (address === null) return null;
  const match = /^(?:https:\/\/)?([a-zA-Z0-9.-]+(?::\d+)?)((?:\/[\w.~+-]+){2,})$/.exec(address);
  const [, host = '', path = ''] = match ?? [];
  if (host === '' || /\/\.{1,2}(\/|$)/.test(path)) throw new EvidenceFault('issuer');
  return host.toLowerCase() + path;
}

/** Where in a forge a workflow ran. */
export interface Source {
  readonly repository: string | null;
  readonly ref: string | null;
  readonly commit: string | null;
}

/**
 * The path of a workflow in this repository, of its URI: GitHub's `https://github.com/O/R/PATH@REF`, GitLab's
 * `https://gitlab.com/G/P//PATH@REF`; after the `@` may be the commit. Null where the URI is of another repository or
 * another form.
 */
export function workflowIn(uri: string | null, { repository, ref, commit }: Source): string | null {
  const start = `https://${repository}/`;
  if (uri === null || repository === null || !uri.startsWith(start)) return null;
  for (const revision of [ref, commit]) {
    const end = `@${revision}`;
    if (revision === null || !uri.endsWith(end)) continue;
    const path = uri.slice(start.length, -end.length).replace(/^\//, '');
    return path === '' || path.includes('@') ? null : path;
  }
  return null;
}
