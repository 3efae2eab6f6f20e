import { access, constants, readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Config, ConfigError } from './config.ts';
import { ensureDir } from './disk/durable.ts';

/** What would only be found when the gate listens, with the whole house open behind it. Throws ConfigError. */
export async function checkTls(tls: Config['tls']): Promise<void> {
  if (!tls) return;
  try {
    createSecureContext({ cert: await readFile(tls.cert), key: await readFile(tls.key) });
  } catch (error) {
    throw new ConfigError(
      `tls: ${error instanceof Error ? error.message : String(error)}; ` +
        'SALLYPORT_TLS_CERT and SALLYPORT_TLS_KEY name a certificate and its own key, in PEM, that this user can read',
    );
  }
}

/** A setting that nothing looks at must not be taken for one that holds. Throws ConfigError. */
export function checkWatch({
  policyWatch,
  policyDigest,
}: Pick<Config, 'policyWatch' | 'policyDigest'>): void {
  if (policyDigest === undefined || policyWatch > 0) return;
  throw new ConfigError(
    'policyDigest is set, and the allowlists are not watched: set SALLYPORT_POLICY_WATCH (policyWatch), say to 10s, or unset SALLYPORT_POLICY_DIGEST',
  );
}

/** Makes a folder where there is none. Throws ConfigError, which names the `setting` that gives another one. */
export async function checkFolder(folder: string, setting: string): Promise<void> {
  try {
    await ensureDir(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(
      `the folder ${folder} cannot be written (${error instanceof Error ? error.message : String(error)}); ` +
        `give this user write access to it, or name another one with ${setting}`,
    );
  }
}
