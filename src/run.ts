import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { clientSettings } from './cli/client-config.ts';
import { printable } from './cli/ledger-line.ts';
import type { Actions } from './cli/program.ts';
import { EXIT } from './cli/program.ts';
import { ConfigError, loadConfig, needsToken, ownUrl } from './config.ts';
import { ledgerActions } from './ledger-commands/actions.ts';
import { PolicyError } from './policy/policy.ts';

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
        await (await import('./serve.ts')).serve(process, config, version, say);
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
        const { loadPolicy } = await import('./allowlists.ts');
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
      const { policyJsonSchema } = await import('./policy/language/schema.ts');
      print(JSON.stringify(policyJsonSchema(), null, 2));
      return EXIT.ok;
    },

    ...ledgerActions({ env, version, now: Date.now, configured, orSay, out: { print, say } }),

    vaultFsck: (options) =>
      orSay(async () => {
        const config = configured(options);
        // A running server empties and fills the quarantine: never beside it.
        const dir = config.vault ?? join(config.data, 'vault');
        const { lockFolder } = await import('./ledger/lock.ts');
        const { openFileVault } = await import('./vault/file-vault.ts');
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

    trustShow: (options) =>
      orSay(async () =>
        (await import('./trust/commands.ts')).trustShow(configured(options), options, Date.now, {
          print,
          say,
        }),
      ),

    trustUpdate: (options) =>
      orSay(async () =>
        (await import('./trust/commands.ts')).trustUpdate(configured(options), Date.now, { print, say }),
      ),

    trustLint: (file, options) =>
      orSay(async () =>
        (await import('./trust/commands.ts')).trustLint(configured(options), file, Date.now, { print, say }),
      ),
  };
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
