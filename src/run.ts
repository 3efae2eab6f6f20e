import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadPolicy } from './allowlists.ts';
import { clientSettings, startHint } from './cli/client-config.ts';
import { printable } from './cli/ledger-line.ts';
import type { Actions } from './cli/program.ts';
import { EXIT } from './cli/program.ts';
import { openHouse } from './compose.ts';
import { type Config, ConfigError, loadConfig, ownHosts, ownUrl } from './config.ts';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { createMetrics } from './gate/metrics.ts';
import { buildGate } from './gate/server.ts';
import { lockFolder } from './ledger/lock.ts';
import { ledgerActions } from './ledger-commands/actions.ts';
import type { Digest } from './model/digest.ts';
import { policyJsonSchema } from './policy/language/schema.ts';
import { PolicyError } from './policy/policy.ts';
import { removeServerFile, writeServerFile } from './reload/server-file.ts';
import { startWarning } from './start-words.ts';
import { trustLint, trustShow, trustUpdate } from './trust/commands.ts';
import { openFileVault } from './vault/file-vault.ts';

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
 * The commands, on a real process. Each is loaded when it is run: a server needs none of the others' libraries.
 */
export function actions(process: NodeJS.Process, version: string): Actions {
  const { env, stdout, stderr } = process;
  // Words for people, and in them what stands in files that anybody may have written.
  const say = (line: string) => void stderr.write(`${printable(line)}\n`);
  const print = (line: string) => void stdout.write(`${line}\n`);
  // Whoever reads has seen enough (`… | head`): that is no fault of ours, and no stack.
  stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  );
  const configured = (options: { readonly config?: string }) => loadConfig(env, options.config);

  /** Start-up faults are words and an exit code, never a stack. */
  async function orSay(work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ConfigError || error instanceof PolicyError) say(`sallyport: ${error.message}`);
      else say(`sallyport: ${explain(error)}`);
      return EXIT.failed;
    }
  }

  return {
    serve: (options) =>
      orSay(async () => {
        const config = configured(options);
        const metrics = createMetrics();
        const log = pino.destination({ dest: 2, sync: false, maxLength: LOG_WAITING });
        const house = await openHouse(config, env, Date.now, version, metrics, (line) => log.write(line));
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
        stdout.write(startHint(ownUrl(config, port), needsToken(config)));

        // At once, too: the bound may be smaller than it was, and a process that is often restarted keeps it as well.
        const trim = () =>
          house
            .evict()
            .catch((error: unknown) => house.log.error({ err: error }, 'the vault was not trimmed'));
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
        return EXIT.ok;
      }),

    init: (options) =>
      orSay(async () =>
        (await import('./init.ts')).init(configured(options), Date.now, options, { print, say }),
      ),

    check: (names, options) =>
      orSay(async () =>
        (await import('./check.ts')).check(configured(options), env, version, names, options, print, say),
      ),

    async token(options) {
      const secret = `sp_${randomBytes(32).toString('base64url')}`;
      const hash = `sha256:${createHash('sha256').update(secret).digest('hex')}`;
      const record = {
        hash,
        agent: options.agent,
        profile: options.profile,
        ...(options.auditor && { role: 'auditor' }),
      };
      if (options.json) print(JSON.stringify({ token: secret, ...record }));
      else {
        print(secret);
        say('This token is shown once. Put its hash into the configuration, under auth.tokens:');
        say(
          options.auditor
            ? `  - { hash: "${hash}", agent: ${options.agent}, role: auditor }`
            : `  - { hash: "${hash}", agent: ${options.agent}, profile: ${options.profile} }`,
        );
      }
      return EXIT.ok;
    },

    clientConfig: (options) =>
      orSay(async () => {
        const config = configured(options);
        const url = options.url?.replace(/\/$/, '') ?? ownUrl(config);
        const settings = clientSettings(url, needsToken(config));
        if (options.json) print(JSON.stringify(settings));
        else for (const s of settings) print(`# ${s.client} (${s.where})\n${s.lines.join('\n')}\n`);
        return EXIT.ok;
      }),

    policyTest: (options) =>
      orSay(async () =>
        (await import('./policy-commands/test.ts')).policyTest(configured(options), options, { print, say }),
      ),

    policyLint: (options) =>
      orSay(async () =>
        (await import('./policy-commands/lint.ts')).policyLint(configured(options), Date.now(), options, {
          print,
          say,
        }),
      ),

    policyDiff: (before, after, options) =>
      orSay(async () =>
        (await import('./policy-commands/diff.ts')).policyDiff(
          configured(options),
          before,
          after,
          Date.now(),
          options,
          { print, say },
        ),
      ),

    policyExplain: (subject, options) =>
      orSay(async () =>
        (await import('./policy-commands/explain.ts')).policyExplain(
          configured(options),
          subject,
          Date.now(),
          options,
          { print, say },
        ),
      ),

    policyPropose: (options) =>
      orSay(async () =>
        (await import('./policy-commands/propose.ts')).policyPropose(
          configured(options),
          Date.now(),
          options,
          { print, say },
        ),
      ),

    policyReload: (options) =>
      orSay(async () =>
        (await import('./reload/command.ts')).policyReload(configured(options), options, { print, say }),
      ),

    policyDigest: (options) =>
      orSay(async () => {
        print((await loadPolicy(configured(options).allowlists)).digest);
        return EXIT.ok;
      }),

    importLockfiles: (files, options) =>
      orSay(async () =>
        (await import('./lockfile/import.ts')).importLockfiles(
          configured(options),
          env,
          version,
          files,
          options,
          { print, say },
        ),
      ),

    feedUpdate: (from, options) =>
      orSay(async () =>
        (await import('./feed/commands.ts')).feedUpdate(configured(options), from, Date.now, options, {
          print,
          say,
        }),
      ),

    feedShow: (options) =>
      orSay(async () =>
        (await import('./feed/commands.ts')).feedShow(configured(options), Date.now(), options, {
          print,
          say,
        }),
      ),

    async policySchema() {
      print(JSON.stringify(policyJsonSchema(), null, 2));
      return EXIT.ok;
    },

    ...ledgerActions({ env, version, now: Date.now, configured, orSay, out: { print, say } }),

    vaultFsck: (options) =>
      orSay(async () => {
        const config = configured(options);
        // A running server empties and fills the quarantine: never beside it.
        const dir = config.vault ?? join(config.data, 'vault');
        const release = await lockFolder(dir, 'SALLYPORT_VAULT');
        const vault = await openFileVault({ dir });
        const { checked, damaged } = await vault.fsck().finally(async () => {
          await vault.close();
          release();
        });
        if (options.json) print(JSON.stringify({ checked, damaged }));
        else for (const path of damaged) print(path);
        say(`${checked} checked, ${damaged.length} damaged`);
        return damaged.length > 0 ? EXIT.refused : EXIT.ok;
      }),

    attestImport: (files, options) =>
      orSay(async () =>
        (await import('./attest/import.ts')).attestImport(configured(options), files, Date.now(), options, {
          print,
          say,
        }),
      ),

    attestVerify: (subject, options) =>
      orSay(async () =>
        (await import('./attest/verify.ts')).attestVerify(configured(options), subject, Date.now(), options, {
          print,
          say,
        }),
      ),

    trustShow: (options) => orSay(() => trustShow(configured(options), options, Date.now, { print, say })),

    trustUpdate: (options) => orSay(() => trustUpdate(configured(options), Date.now, { print, say })),

    trustLint: (file, options) => orSay(() => trustLint(configured(options), file, Date.now, { print, say })),
  };
}

/** Whether packages are served to tokens only: an auditor's opens none. */
function needsToken({ auth }: Config): boolean {
  return auth.tokens.some(({ role }) => role === 'agent');
}

/** What to do about the faults that a start commonly meets. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : null;
  switch (code) {
    case 'EADDRINUSE':
      return `${error.message}: something listens there already; stop it, or set SALLYPORT_PORT`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${error.message}: give this user write access to the data folder, or set SALLYPORT_DATA`;
    default:
      return error.message;
  }
}
