import { readFile } from 'node:fs/promises';
import { EXIT } from '../cli/program.ts';
import { type TrustShown, trustedByRoot, trustedKeys, trustLines } from '../cli/trust-lines.ts';
import { type Config, ConfigError } from '../config.ts';
import { sha256 } from '../model/digest.ts';
import { openTrust, TrustError } from '../verify/trust.ts';
import { daysOf, loadTrust, openPinned, problemAt } from './files.ts';
import type { TrustFile } from './folder.ts';

/** Where a command's lines go: data, and words. */
export interface Output {
  print(line: string): void;
  say(line: string): void;
}

/** What a server that starts now would trust, and where it comes from. */
export async function trustShow(
  config: Config,
  options: { readonly json?: true },
  now: () => number,
  { print }: Output,
): Promise<number> {
  const loaded = await loadTrust(config);
  const trust = openTrust(loaded.bytes);
  const { update } = loaded;
  const file = (name: TrustFile, trusts: TrustShown['root']['trusts']) => ({
    origin: loaded.from[name],
    sha256: sha256(loaded.bytes[name]),
    trusts,
  });
  const shown: TrustShown = {
    digest: loaded.digest,
    root: file('root', trustedByRoot(trust)),
    npmKeys: file('npmKeys', trustedKeys(trust)),
    proofSince: new Date(loaded.bytes.proofSince).toISOString(),
    registry: loaded.bytes.npmRegistry,
    update: update && {
      tried: update.tried,
      problem: update.problem,
      succeeded: update.copies && {
        at: update.copies.at,
        days: daysOf(now() - Date.parse(update.copies.at)),
        mirror: update.copies.mirror,
      },
    },
    problem: problemAt(loaded, now()),
  };
  if (options.json) print(JSON.stringify(shown));
  else for (const line of trustLines(shown)) print(line);
  return EXIT.ok;
}

/** Fetches newer trust; what is in place stays where that fails. */
export async function trustUpdate(config: Config, now: () => number, { say }: Output): Promise<number> {
  // Only here: the server has no way to it.
  const { UpdateFailed, updateTrust } = await import('./update.ts');
  try {
    const { mirror } = await updateTrust(config, now);
    say(
      `sallyport: the trust root and the npm keys of ${mirror} are in place; a running server takes them on SIGHUP`,
    );
    const { from } = await loadTrust(config);
    if (from.root === 'configured')
      say('sallyport: the root that SALLYPORT_TRUSTED_ROOT names goes before it');
    if (from.npmKeys === 'configured')
      say('sallyport: the keys that SALLYPORT_NPM_KEYS names go before them');
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof UpdateFailed)) throw error;
    say(`sallyport: the update failed, and what was in place stays: ${error.message}`);
    return EXIT.refused;
  }
}

/** Whether a trusted root or a file of npm keys can be used; without a file, whether what is in force is as it should be. */
export async function trustLint(
  config: Config,
  path: string | undefined,
  now: () => number,
  { say }: Output,
): Promise<number> {
  const problem =
    path === undefined ? await problemInForce(config, now()) : await problemOf(config, await readFile(path));
  const subject = path ?? 'what is trusted';
  say(problem === null ? `${subject}: can be used` : `${subject}: ${problem}`);
  return problem === null ? EXIT.ok : EXIT.refused;
}

async function problemInForce(config: Config, now: number): Promise<string | null> {
  try {
    return problemAt(await loadTrust(config), now);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

async function problemOf(config: Config, bytes: Uint8Array): Promise<string | null> {
  const { bytes: pinned } = await openPinned(config);
  try {
    openTrust({ ...pinned, [kindOf(bytes)]: bytes });
    return null;
  } catch (error) {
    if (error instanceof TrustError) return error.message;
    throw error;
  }
}

/** Keys are an object with `keys`; all else has to be a trusted root. */
function kindOf(bytes: Uint8Array): TrustFile {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null && Object.hasOwn(value, 'keys') ? 'npmKeys' : 'root';
  } catch {
    return 'root';
  }
}
