import { Command } from 'commander';
import { type LedgerActions, ledgerProgram } from './ledger-program.ts';

/** What the commands do; the composition root supplies it. Each resolves with the exit code. */
export interface Actions extends LedgerActions {
  init(options: { readonly config?: string; readonly json?: true }): Promise<number>;
  serve(options: { readonly config?: string }): Promise<number>;
  check(names: readonly string[], options: CheckOptions): Promise<number>;
  token(options: TokenOptions): Promise<number>;
  clientConfig(options: {
    readonly config?: string;
    readonly json?: true;
    readonly url?: string;
  }): Promise<number>;
  policyTest(options: PolicyOptions): Promise<number>;
  policyLint(options: PolicyOptions): Promise<number>;
  policyDiff(before: string, after: string, options: PolicyDiffOptions): Promise<number>;
  policyExplain(subject: string, options: CheckOptions): Promise<number>;
  policyPropose(options: PolicyProposeOptions): Promise<number>;
  policyReload(options: { readonly config?: string; readonly expect?: string }): Promise<number>;
  policyDigest(options: { readonly config?: string }): Promise<number>;
  importLockfiles(files: readonly string[], options: ImportOptions): Promise<number>;
  feedUpdate(
    from: readonly string[],
    options: { readonly config?: string; readonly json?: true; readonly force?: true },
  ): Promise<number>;
  feedShow(options: { readonly config?: string; readonly json?: true }): Promise<number>;
  policySchema(): Promise<number>;
  vaultFsck(options: { readonly config?: string; readonly json?: true }): Promise<number>;
  attestImport(
    files: readonly string[],
    options: { readonly config?: string; readonly json?: true },
  ): Promise<number>;
  attestVerify(subject: string | undefined, options: AttestVerifyOptions): Promise<number>;
  trustShow(options: { readonly config?: string; readonly json?: true }): Promise<number>;
  trustUpdate(options: { readonly config?: string }): Promise<number>;
  trustLint(file: string | undefined, options: { readonly config?: string }): Promise<number>;
}

export interface TokenOptions {
  readonly agent: string;
  readonly profile: string;
  /** For reading the ledger, and no package. */
  readonly auditor?: true;
  readonly json?: true;
}

export interface PolicyOptions {
  readonly config?: string;
  readonly json?: true;
}

export interface PolicyDiffOptions extends PolicyOptions {
  /** How far back in the ledger: `30d`, `12h`. */
  readonly since: string;
  /** What `ledger list --json` printed, in place of the ledger of the data folder. */
  readonly ledger?: string;
}

export interface PolicyProposeOptions extends PolicyOptions {
  readonly fromLedger?: true;
  readonly profile: string;
  readonly since: string;
  readonly as: string;
  /** The file to write, below the allowlists folder; without it the terminal. */
  readonly out?: string;
}

export interface ImportOptions extends PolicyOptions {
  readonly profile: string;
  /** `pins` or `rules`. */
  readonly as: string;
  /** The file to write, below the allowlists folder; default: named after the lockfile. */
  readonly out?: string;
  /** Says what would change, and writes nothing. */
  readonly dryRun?: true;
}

export interface AttestVerifyOptions {
  readonly config?: string;
  readonly json?: true;
  /** The ecosystem, where the subject is NAME@VERSION and its evidence in the vault; without it a file. */
  readonly package?: string;
  /** Number or leaf hash of a ledger entry, in place of a subject. */
  readonly entry?: string;
  readonly artifact?: string;
  readonly digest?: string;
  readonly repository?: string;
  readonly workflow?: string;
  readonly issuer?: string;
  readonly ref?: string;
  readonly environment?: string;
  readonly ownerId?: string;
  readonly subject?: string;
}

export interface CheckOptions {
  readonly config?: string;
  readonly json?: true;
  readonly ecosystem: string;
  readonly profile: string;
}

/** Exit codes: 0 ok, 1 refused or failed check, 2 usage, 3 could not run. */
export const EXIT = { ok: 0, refused: 1, usage: 2, failed: 3 } as const;

/** The command line. Data goes to stdout, words to stderr. */
export function program(actions: Actions, version: string, exit: (code: number) => void): Command {
  const root = new Command('sallyport')
    .description('An install firewall: the registry that npm and pip are pointed at.')
    .version(version)
    .exitOverride()
    .showHelpAfterError();
  const run =
    <A extends unknown[]>(action: (...args: A) => Promise<number>) =>
    async (...args: A) =>
      exit(await action(...args));
  const config = [
    '-c, --config <file>',
    'configuration file (default: SALLYPORT_CONFIG, ./sallyport.yaml)',
  ] as const;

  root
    .command('serve')
    .description('run the firewall')
    .option(...config)
    .action(run((options) => actions.serve(options)));
  root
    .command('init')
    .description('make the data folder and the key that signs the ledger, and say its public half')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.init(options)));
  root
    .command('check <package...>')
    .description(
      'say what would be decided for NAME, NAME@VERSION or all that a lockfile locks, and why; asks the upstream for admitted names',
    )
    .option('-e, --ecosystem <id>', 'npm or pypi', 'npm')
    .option('-p, --profile <name>', 'whose policy', 'default')
    .option('--json', 'one JSON object per line')
    .option(...config)
    .action(run((names, options) => actions.check(names, options)));
  root
    .command('token')
    .description('make a token for an agent; its hash goes into the configuration')
    .requiredOption('-a, --agent <name>', 'whose token')
    .option('-p, --profile <name>', 'whose policy', 'default')
    .option('--auditor', 'for reading the ledger, and no package')
    .option('--json', 'as JSON')
    .action(run((options) => actions.token(options)));
  root
    .command('client-config')
    .description('print what to put into each package manager')
    .option('--url <url>', 'address of the firewall as clients see it')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.clientConfig(options)));

  const policy = root.command('policy').description('work with the allowlists');
  policy
    .command('test')
    .description('run the cases under allowlists/cases')
    .option('--json', 'one JSON object per line')
    .option(...config)
    .action(run((options) => actions.policyTest(options)));
  policy
    .command('lint')
    .description('say what in the allowlists is wrong, idle or wider than it looks; no network')
    .option('--json', 'one JSON object per finding')
    .option(...config)
    .action(run((options) => actions.policyLint(options)));
  policy
    .command('diff <old> <new>')
    .description(
      'say what a change admits or refuses anew, over the ledger and the cases; OLD and NEW are folders, or git revisions of the allowlists',
    )
    .option('--since <time>', 'how far back in the ledger', '30d')
    .option('--ledger <file>', 'what "ledger list --json" printed (default: the ledger of the data folder)')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((before, after, options) => actions.policyDiff(before, after, options)));
  policy
    .command('explain <package>')
    .description(
      'say which rules speak of NAME or NAME@VERSION, in which order, and what comes of it; no network',
    )
    .option('-e, --ecosystem <id>', 'npm or pypi', 'npm')
    .option('-p, --profile <name>', 'whose policy', 'default')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((subject, options) => actions.policyExplain(subject, options)));
  policy
    .command('propose')
    .description('write the allowlist that would have admitted what a profile observed, as a file to review')
    .requiredOption('--from-ledger', 'from what mode observe recorded')
    .option('-p, --profile <name>', 'whose', 'default')
    .option('--since <time>', 'how far back in the ledger', '30d')
    .option('--as <form>', 'rules or pins', 'rules')
    .option('-o, --out <file>', 'file below the allowlists folder (default: the terminal)')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.policyPropose(options)));
  policy
    .command('reload')
    .description('have the running server take the allowlists as they are now, and say what became of it')
    .option('--expect <digest>', 'only if the folder has this digest')
    .option(...config)
    .action(run((options) => actions.policyReload(options)));
  policy
    .command('digest')
    .description('print the digest of the allowlists as they are now')
    .option(...config)
    .action(run((options) => actions.policyDigest(options)));
  policy
    .command('schema')
    .description('print the JSON Schema of a policy file')
    .action(run(() => actions.policySchema()));

  root
    .command('import <lockfile...>')
    .description(
      'pin what lockfiles lock, as a file of the allowlists to review; asks the upstream for their names, but for internal ones',
    )
    .option('-p, --profile <name>', 'for whom', 'default')
    .option('--as <form>', 'pins or rules', 'pins')
    .option('-o, --out <file>', 'file below the allowlists folder (default: named after the first lockfile)')
    .option('--dry-run', 'say what would change and write nothing')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((files, options) => actions.importLockfiles(files, options)));

  const feed = root.command('feed').description('look after the feed of advisories');
  feed
    .command('update [from...]')
    .description(
      'read OSV records from addresses, zips or folders (default: SALLYPORT_FEED) and put them in force',
    )
    .option('--force', 'though little or nothing is left of the one before')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((from, options) => actions.feedUpdate(from, options)));
  feed
    .command('show')
    .description('print what is in force, how old it is, and how much it knows')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.feedShow(options)));

  ledgerProgram(root, actions, run, config);

  const vault = root.command('vault').description('look after the stored artifacts');
  vault
    .command('fsck')
    .description('hash everything again; what is damaged is moved aside')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.vaultFsck(options)));

  const attest = root.command('attest').description('work with evidence: signatures and provenance');
  attest
    .command('import <file...>')
    .description('keep evidence for artifacts whose registry or mirror has none; a running firewall finds it')
    .option('--json', 'one JSON object per document')
    .option(...config)
    .action(run((files, options) => actions.attestImport(files, options)));
  attest
    .command('verify [subject]')
    .description(
      'verify a file of evidence, with --package what the vault keeps for NAME@VERSION, or what an entry names; offline',
    )
    .option('--package <ecosystem>', 'npm or pypi: the subject is NAME@VERSION')
    .option('--entry <entry>', 'no subject: all that a ledger entry names, by number or leaf hash')
    .option('--artifact <file>', 'the bytes that the evidence must be of')
    .option('--digest <digest>', 'their digest, sha256:… or sha512:…')
    .option('--repository <name>', 'who must have signed: host/owner/name')
    .option('--workflow <path>', 'and by which workflow')
    .option('--issuer <url>', 'and who vouched for the identity')
    .option('--ref <ref>', 'and from which ref, whole or a prefix ending in *')
    .option('--environment <name>', 'and in which deployment environment')
    .option('--owner-id <id>', 'and for which owner')
    .option('--subject <subject>', "the certificate's subject, for signers without a repository")
    .option('--json', 'one JSON object per document')
    .option(...config)
    .action(run((subject, options) => actions.attestVerify(subject, options)));

  const trust = root.command('trust').description('look after what evidence is verified with');
  trust
    .command('show')
    .description('print what is in force, where it came from, and the last update')
    .option('--json', 'as JSON')
    .option(...config)
    .action(run((options) => actions.trustShow(options)));
  trust
    .command('update')
    .description('fetch the trust root and the npm keys by TUF; a running server takes them on SIGHUP')
    .option(...config)
    .action(run((options) => actions.trustUpdate(options)));
  trust
    .command('lint')
    .description('say whether a trusted root or a file of npm keys can be used')
    .argument('[file]', 'the file (default: what is in force)')
    .option(...config)
    .action(run((file, options) => actions.trustLint(file, options)));
  return root;
}
