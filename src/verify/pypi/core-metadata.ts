/** The fields of core metadata that are checked. Values with continuation lines are joined by spaces. */
export interface CoreMetadata {
  /** Every value of a field, by its lower-case name. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads METADATA or PKG-INFO (core metadata specification): header lines up to the first empty one. Python's
 * email parser, which most installers use, breaks lines at CR, LF and CRLF, and takes everything after a line
 * that is no header for the body; here lines after it still count, so that more is seen, never less.
 */
export function readCoreMetadata(bytes: Uint8Array): CoreMetadata {
  const fields = new Map<string, string[]>();
  let values: string[] | null = null;
  for (const line of Buffer.from(bytes)
    .toString('utf8')
    .split(/\r\n|\r|\n/)) {
    if (line === '') break;
    if (/^[ \t]/.test(line)) {
      if (values?.length) values.push(`${values.pop() ?? ''} ${line.trim()}`);
      continue;
    }
    const match = /^([^\s:]+)[ \t]*:(.*)$/.exec(line);
    if (!match?.[1]) {
      values = null;
      continue;
    }
    const name = match[1].toLowerCase();
    values = fields.get(name) ?? [];
    fields.set(name, values);
    values.push((match[2] ?? '').trim());
  }
  return { fields };
}

/** The value of a field that must be there exactly once; else null. */
export function only(metadata: CoreMetadata, field: string): string | null {
  const values = metadata.fields.get(field) ?? [];
  return values.length === 1 ? (values[0] ?? null) : null;
}

/**
 * Whether a requirement (PEP 508) is an address: `name @ https://…`, with or without spaces. No version
 * specifier has an `@` or `://` in it, and neither has an environment marker in practice. `=?` begins an encoded
 * word (RFC 2047), which uv decodes and pip does not: what it says is not followed, and counts as an address.
 */
export function isDirectUrl(requirement: string): boolean {
  return /@|:\/\/|=\?/.test(requirement);
}

/** Whether an installer would be led to an address by this metadata. */
export function leadsAway(metadata: CoreMetadata): boolean {
  return (metadata.fields.get('requires-dist') ?? []).some(isDirectUrl);
}
