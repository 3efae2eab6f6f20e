import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { startHint } from './cli/client-config.ts';
import { openHouse } from './compose.ts';
import { type Config, needsToken, ownHosts, ownUrl } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { createMetrics } from './gate/metrics.ts';
import { buildGate } from './gate/server.ts';
import type { Digest } from './model/digest.ts';
import { removeServerFile, writeServerFile } from './reload/server-file.ts';
import { startWarning } from './start-words.ts';

/** How often the vault is brought back within its bound, ms. */
const EVICT_EVERY = 300_000;

/** How long a shutdown waits for what is being served, ms. */
const DRAIN = 30_000;

/**
 * Bytes of log lines that may wait for whoever reads them; what comes beyond is dropped. Lines are written by
 * the thread pool, many at a time, so that no request waits for a pipe; at the end what waits is written.
 */
const LOG_WAITING = 8 * 1024 ** 2;

/**
 * Serves until the process is told to end (SIGTERM, SIGINT), and resolves when everything is closed. Rejects where it
 * cannot start; `say` writes words for people.
 */
export async function serve(
  process: NodeJS.Process,
  config: Config,
  version: string,
  say: (line: string) => void,
): Promise<void> {
  const metrics = createMetrics();
  const log = pino.destination({ dest: 2, sync: false, maxLength: LOG_WAITING });
  const house = await openHouse(config, process.env, Date.now, version, metrics, (line) => log.write(line));
  process.on('SIGHUP', () => void house.reload());
  const close = async () => {
    await removeServerFile(config.data).catch(() => undefined);
    await house.close();
  };
  const tls = config.tls
    ? { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) }
    : null;
  const gate = buildGate({
    admission: house.admission,
    ecosystems: ECOSYSTEMS,
    tokens: config.auth.tokens.map((t) => ({
      hash: t.hash as Digest,
      agent: t.agent,
      profile: t.profile,
      role: t.role,
      expires: t.expires ? Date.parse(t.expires) : null,
    })),
    hosts: ownHosts(config),
    publicUrl: config.publicUrl ?? null,
    tls,
    logger: house.log,
    metrics,
    now: Date.now,
    ready: () => house.ready(),
    why: (leaf, caller) => house.why(leaf, caller.agent),
    audit: house.audit,
  });
  try {
    await writeServerFile(config.data, { pid: process.pid, startedAt: Date.now() });
    await gate.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw error;
  }
  const address = gate.server.address();
  const port = typeof address === 'object' && address ? address.port : config.port;
  const warning = startWarning(config);
  if (warning) say(warning);
  process.stdout.write(startHint(ownUrl(config, port), needsToken(config)));

  // At once, too: the bound may be smaller than it was, and a process that is often restarted keeps it as well.
  const trim = () =>
    house.evict().catch((error: unknown) => house.log.error({ err: error }, 'the vault was not trimmed'));
  void trim();
  const evicting = setInterval(() => void trim(), EVICT_EVERY);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  house.log.info('shutting down: serving what has begun');
  clearInterval(evicting);
  const drained = gate.close();
  await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, DRAIN).unref())]);
  await close();
}
