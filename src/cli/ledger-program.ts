import type { Command } from 'commander';

/** Which entries: of `ledger list`, `stats` and `export`. A flag that cannot be read is an error, never left out. */
export interface EntryOptions {
  readonly config?: string;
  readonly json?: true;
  readonly agent?: string;
  readonly profile?: string;
  /** A name, NAME@VERSION, or a package URL. */
  readonly package?: string;
  /** A range in the ecosystem's own words, of the versions of `package`. */
  readonly versions?: string;
  readonly digest?: string;
  readonly verdict?: string;
  readonly type?: string;
  readonly route?: string;
  readonly code?: string;
  readonly rule?: string;
  readonly policy?: string;
  readonly waiver?: string;
  readonly provenance?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly reverse?: true;
}

export interface LedgerListOptions extends EntryOptions {}

export interface LedgerStatsOptions extends EntryOptions {
  readonly by: string;
}

export interface LedgerExportOptions extends EntryOptions {
  /** jsonl, csv, cyclonedx, vsa or ocsf. */
  readonly format: string;
  /** A file, or for `vsa` a folder; without it the terminal. */
  readonly out?: string;
  /** An entry by number: of `cyclonedx`, its agent's activity around it without a pause. */
  readonly session?: string;
  /** The longest pause within a session: `30m`. */
  readonly pause: string;
}

export interface LedgerVerifyOptions {
  readonly config?: string;
  readonly json?: true;
  /** A checkpoint that the auditor kept. */
  readonly since?: string;
  /** Address of a running firewall; the token is read from the environment. */
  readonly url?: string;
  /** A data folder; default: the configuration's. */
  readonly data?: string;
  /** The verifier key, or a file with it; default: the log's own. */
  readonly key?: string;
  /** A tlog-policy file: whose cosignatures the checkpoint must have. */
  readonly witnesses?: string;
}

export interface LedgerProofOptions {
  readonly config?: string;
  readonly json?: true;
  readonly key?: string;
  readonly witnesses?: string;
  readonly out?: string;
}

export interface LedgerKeepOptions {
  readonly config?: string;
  readonly json?: true;
}

export interface LedgerRotateOptions extends LedgerKeepOptions {
  /** The old key is gone: the old log ends with what it last signed. */
  readonly keyLost?: true;
}

export interface LedgerWithdrawOptions extends LedgerKeepOptions {
  readonly before: string;
}

/** What the commands of `ledger` and `replay` do. Each resolves with the exit code. */
export interface LedgerActions {
  ledgerList(options: LedgerListOptions): Promise<number>;
  ledgerShow(entry: string, options: LedgerKeepOptions): Promise<number>;
  ledgerStats(options: LedgerStatsOptions): Promise<number>;
  ledgerVerify(options: LedgerVerifyOptions): Promise<number>;
  ledgerProve(entry: string, options: LedgerProofOptions): Promise<number>;
  ledgerVerifyProof(file: string, options: LedgerProofOptions): Promise<number>;
  ledgerExport(options: LedgerExportOptions): Promise<number>;
  ledgerReindex(options: LedgerKeepOptions): Promise<number>;
  ledgerRotate(options: LedgerRotateOptions): Promise<number>;
  ledgerWithdraw(options: LedgerWithdrawOptions): Promise<number>;
  ledgerForget(tenant: string, options: LedgerKeepOptions): Promise<number>;
  replay(entry: string, options: LedgerKeepOptions): Promise<number>;
}

type Run = <A extends unknown[]>(action: (...args: A) => Promise<number>) => (...args: A) => Promise<void>;

/** Adds `ledger …` and `replay` to the command line. */
export function ledgerProgram(
  root: Command,
  actions: LedgerActions,
  run: Run,
  config: readonly [flags: string, words: string],
): void {
  const ledger = root.command('ledger').description('read, verify and keep the install ledger');
  selecting(ledger.command('list').description('list entries, oldest first'))
    .option('--json', 'one JSON object per line, as written')
    .option(...config)
    .action(run((options: LedgerListOptions) => actions.ledgerList(options)));
  ledger
    .command('show <entry>')
    .description('show one entry by its number or leaf hash')
    .option('--json', 'on one line')
    .option(...config)
    .action(run((entry: string, options: LedgerKeepOptions) => actions.ledgerShow(entry, options)));
  selecting(ledger.command('stats').description('count entries by a property'))
    .requiredOption(
      '--by <property>',
      'agent, profile, package, version, artifact, verdict, type, code, rule, policy or provenance',
    )
    .option('--json', 'one JSON object per line')
    .option(...config)
    .action(run((options: LedgerStatsOptions) => actions.ledgerStats(options)));
  ledger
    .command('verify')
    .description(
      'check signatures, every tile, every entry, consistency and the query index, and say what is wrong where',
    )
    .option('--since <checkpoint>', 'a checkpoint that you kept: the log must contain all that it contained')
    .option('--url <url>', 'of a running firewall, with an auditor token in SALLYPORT_TOKEN')
    .option('--data <folder>', 'a data folder (default: that of the configuration)')
    .option('--key <vkey>', "the log's verifier key, or a file with it (default: what lies beside the log)")
    .option(
      '--witnesses <file>',
      'a tlog-policy: whose cosignatures the checkpoint must have (default: that of the configuration)',
    )
    .option('--json', 'one JSON object per finding')
    .option(...config)
    .action(run((options: LedgerVerifyOptions) => actions.ledgerVerify(options)));
  ledger
    .command('prove <entry>')
    .description('write a proof that an entry is in the log, which stands alone (C2SP tlog-proof)')
    .option('-o, --out <file>', 'file to write (default: the terminal)')
    .option(...config)
    .action(run((entry: string, options: LedgerProofOptions) => actions.ledgerProve(entry, options)));
  ledger
    .command('verify-proof <file>')
    .description('verify such a proof with nothing but the public key, and print its entry')
    .requiredOption('--key <vkey>', "the log's verifier key, or a file with it")
    .option('--witnesses <file>', 'a tlog-policy: whose cosignatures it must have')
    .option('--json', 'as JSON')
    .action(run((file: string, options: LedgerProofOptions) => actions.ledgerVerifyProof(file, options)));
  selecting(ledger.command('export').description('write entries for other tools'))
    .requiredOption('--format <format>', 'jsonl, csv, cyclonedx, vsa or ocsf')
    .option('-o, --out <path>', 'file, or folder for vsa (default: the terminal)')
    .option('--session <entry>', 'of its agent, all around this entry without a pause')
    .option('--pause <time>', 'the longest pause within a session', '30m')
    .option(...config)
    .action(run((options: LedgerExportOptions) => actions.ledgerExport(options)));
  ledger
    .command('reindex')
    .description('make the query index anew from the entries; the server must be stopped')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options: LedgerKeepOptions) => actions.ledgerReindex(options)));
  ledger
    .command('rotate')
    .description('end the log, and begin the next under a new key; the server must be stopped')
    .option('--key-lost', 'the key is gone: the old log ends with what it last signed')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options: LedgerRotateOptions) => actions.ledgerRotate(options)));
  ledger
    .command('withdraw')
    .description('withdraw old entries from reading, under the written policy; the server must be stopped')
    .requiredOption('--before <time>', 'ISO 8601: older ones')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options: LedgerWithdrawOptions) => actions.ledgerWithdraw(options)));
  ledger
    .command('forget <tenant>')
    .description("destroy the key of a tenant's pseudonyms; the server must be stopped")
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((tenant: string, options: LedgerKeepOptions) => actions.ledgerForget(tenant, options)));
  root
    .command('replay <entry>')
    .description(
      'decide an entry again, from stored evidence, policy and time, and say whether it comes out the same',
    )
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((entry: string, options: LedgerKeepOptions) => actions.replay(entry, options)));
}

function selecting(command: Command): Command {
  return command
    .option('--agent <name>', 'of one agent')
    .option('--profile <name>', 'of one profile')
    .option('--package <name>', 'of a name, NAME@VERSION, or a package URL; bundled ones too')
    .option('--versions <range>', "of these versions, in the ecosystem's own words: '>=1.2 <2'")
    .option('--digest <digest>', 'of one artifact, sha256:… or sha512:…')
    .option('--verdict <verdict>', 'allow or refuse')
    .option('--type <type>', 'decision, served, aborted, policy, admin, start, stop, alarm, log, tally')
    .option('--route <route>', 'of one kind of request: artifact, index, metadata …')
    .option('--code <code>', 'for this reason')
    .option('--rule <place>', 'by the rule at this place in the policy')
    .option('--policy <digest>', 'under this policy')
    .option('--waiver <waiver>', 'by the waiver at this place, or that lifts this code; * for any')
    .option('--provenance <result>', 'verified, failed, absent or unchecked')
    .option('--since <time>', 'ISO 8601, inclusive')
    .option('--until <time>', 'ISO 8601, exclusive')
    .option('--limit <n>', 'at most so many')
    .option('--reverse', 'newest first');
}
