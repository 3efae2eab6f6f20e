import type { Entry } from '../admission/harness.ts';
import type { Came } from './place.ts';
import type { Case, Scenario } from './scenarios.ts';

/**
 * What is wrong with an answer; null for nothing. `mayServe`: why it may be served although something failed (`part`:
 * of it, at least, a beginning); null where nothing failed, and it is to be answered as the case says; `no` where it may not.
 */
export function judge({ good }: Scenario, one: Case, came: Came, mayServe: string | null): string | null {
  const wrong = one.wrong?.(came) ?? leaked(one, came);
  if (wrong !== null) return wrong;
  const code = codeOf(came);
  if (mayServe === null) {
    const same = came.whole && came.status === one.status && (one.code === undefined || code === one.code);
    return same ? null : `it is answered ${came.status} ${code}, not ${one.status} ${one.code ?? ''}`;
  }
  if (!came.whole)
    return came.body.length === 0 || mayServe !== 'no' ? null : `${came.body.length} bytes were sent`;
  if (came.status >= 400)
    return code === null && one.status < 400 ? `it is answered ${came.status} without a code` : null;
  // The earlier index is used where a fault keeps us from the next one: then it is the earlier file that is served.
  if (mayServe !== 'no' && one.before?.some((bytes) => came.body.equals(bytes))) return null;
  if (!good && one.status >= 400) return `it is answered ${came.status}`;
  return mayServe === 'no' && good ? `it is answered ${came.status}` : null;
}

/** Bytes of the artifact, where there may be none, or others. */
function leaked({ artifact, status }: Case, { body, status: was, whole }: Came): string | null {
  if (!artifact) return null;
  const bytes = Buffer.from(artifact.bytes);
  if (status >= 400 || was >= 400)
    return body.includes(bytes.subarray(0, 64)) ? 'bytes of the artifact were sent' : null;
  // A document about it, cut from it or beside it, is held to nothing here but its status.
  if (body.length === 0 || body.toString().startsWith('{')) return null;
  if (was === 206) return bytes.subarray(3, 10).equals(body) ? null : 'other bytes were sent';
  if (whole && !bytes.equals(body)) return 'other bytes were sent';
  return bytes.subarray(0, body.length).equals(body) ? null : 'other bytes were sent';
}

function codeOf({ body, headers }: Came): string | null {
  if (!headers['content-type']?.includes('json')) return null;
  try {
    const { code } = JSON.parse(body.toString()) as { code?: unknown };
    return typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}

/** Entries that admit what may not be admitted, or bytes that nobody verified. */
export function wrongEntries(
  entries: readonly Entry[],
  admissible: ReadonlyMap<string, readonly string[]>,
): string[] {
  return entries.flatMap((entry) => {
    const { file, route, sha256, checks = [] } = entry;
    const may = admissible.get(file);
    const what = `the entry of ${file} (${route})`;
    if (!may) return route === 'metadata' ? [] : [`${what}: nobody asked for it`];
    if (may.length === 0) return [`${what} admits what may not be admitted`];
    if (route !== 'artifact' && sha256 === undefined) return [];
    if (!may.includes(sha256)) return [`${what} admits other bytes`];
    const verified = (check: string) =>
      (checks as { check: string; result: string }[]).some(
        (one) => one.check === check && one.result === 'verified',
      );
    const missing = ['declared-digest', 'archive', 'metadata'].filter((check) => !verified(check));
    return missing.length > 0 ? [`${what} admits bytes without ${missing}`] : [];
  });
}
