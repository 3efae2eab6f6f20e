import type { Digest } from '../model/digest.ts';
import { schemaLine } from '../policy/schema-line.ts';
import { subjectOf, type WrittenPin } from './pinned.ts';
import { quotedText, yamlDigests, yamlText } from './yaml-text.ts';

/** The first line of every file that `import` writes: no other file is ever replaced. */
export const MARKER =
  '# sallyport import: what lockfiles lock. Written anew by the next import; of yours it keeps waivers alone.';

/** From what a file was made: no path of any machine. */
export interface Origin {
  readonly format: string;
  /** sha256 of the lockfile. */
  readonly digest: Digest;
}

/** An allow rule as `--as rules` writes it. */
export interface WrittenRule {
  readonly ecosystem: string;
  readonly name: string;
  readonly versions: string;
}

/** A waiver that somebody approved in the file, as it stands there. */
export interface KeptWaiver {
  readonly ecosystem: string;
  /** `name@version` */
  readonly subject: string;
  readonly fields: Readonly<Record<string, string | readonly string[]>>;
}

/** All that a file says. */
export interface Content {
  /** Where the file is, below the allowlists folder. */
  readonly path: string;
  readonly profile: string;
  readonly origins: readonly Origin[];
  readonly pins: readonly WrittenPin[];
  /** null for pins. */
  readonly rules: readonly WrittenRule[] | null;
  /** `name@version` of an ecosystem → the day (ISO) on which its digest was taken from the index. */
  readonly days: ReadonlyMap<string, string>;
  /** Pins of which something is to be approved, and is not yet. */
  readonly review: readonly WrittenPin[];
  readonly waivers: readonly KeptWaiver[];
}

/** The key of a pin in maps. */
export function keyOf(pin: Pick<WrittenPin, 'ecosystem' | 'name' | 'version'>): string {
  return `${pin.ecosystem} ${subjectOf(pin)}`;
}

/** The whole file. The same content is the same text. */
export function fileText(content: Content): string {
  const { path, profile, origins, pins, rules, days, review, waivers } = content;
  const lines = [
    MARKER,
    schemaLine(path),
    ...origins.map(({ format, digest }) => `# from ${format}, ${digest}`),
  ];
  lines.push(`profile: ${yamlText(profile)}`);
  if (rules) lines.push(...section('allow', rules.map(ruleLine)));
  else
    lines.push(
      ...section(
        'pins',
        pins.map((pin) => pinLine(pin, days.get(keyOf(pin)))),
      ),
    );
  if (waivers.length > 0) lines.push(...section('waivers', waivers.map(keptLine)));
  if (review.length > 0) {
    lines.push(
      '',
      '# To review: the policy refuses these for what `lifts` says, above all for code that runs when they are installed or',
      '# built. Whoever approves one takes the # from `waivers:` (once) and from its line, and says why, who, and until which',
      '# day (2027-01-31).',
      ...(waivers.length > 0 ? [] : ['# waivers:']),
      ...review.flatMap((pin) => pin.approvals.map((approval) => `#   ${waiverLine(pin, approval)}`)),
    );
  }
  return `${lines.join('\n')}\n`;
}

function section(key: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [`${key}: []`] : [`${key}:`, ...entries.map((entry) => `  ${entry}`)];
}

function pinLine(pin: WrittenPin, day: string | undefined): string {
  const said = pin.fromIndex && day !== undefined ? ` # digest from the index on ${day}` : '';
  return `- { ${pin.ecosystem}: ${yamlText(subjectOf(pin))}, ${yamlDigests(pin.digests, pin.single)} }${said}`;
}

function ruleLine({ ecosystem, name, versions }: WrittenRule): string {
  return `- { ${ecosystem}: ${yamlText(name)}, versions: ${quotedText(versions)} }`;
}

function waiverLine(pin: WrittenPin, { lifts, digests }: WrittenPin['approvals'][number]): string {
  const what = `${pin.ecosystem}: ${yamlText(subjectOf(pin))}, ${yamlDigests(digests, pin.single)}`;
  // Empty, so that the policy does not load before somebody has said it.
  return `- { ${what}, lifts: ${lifts}, reason: "", approver: "", expires: "" }`;
}

function keptLine({ ecosystem, subject, fields }: KeptWaiver): string {
  const said = Object.entries(fields).map(([key, value]) =>
    typeof value === 'string'
      ? `${key}: ${yamlText(value)}`
      : `${key}: [${value.map(quotedText).join(', ')}]`,
  );
  return `- { ${[`${ecosystem}: ${yamlText(subject)}`, ...said].join(', ')} }`;
}
