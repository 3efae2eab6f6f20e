import { hash } from 'node:crypto';
import { printable } from '../cli/ledger-line.ts';
import { type Component, componentOf } from './cyclonedx-component.ts';
import type { Install, Undelivered } from './installs.ts';
import type { Fields, LoggedEntry } from './logged.ts';
import { textOf, timeOf } from './logged.ts';

/** What a bill of materials is of. */
export interface Inventory {
  /** The agent, as entries name it. */
  readonly agent: string;
  readonly installs: readonly Install[];
  readonly undelivered: Undelivered;
  /** The first and the last entry that was looked at; null where there are none. */
  readonly span: { readonly first: LoggedEntry; readonly last: LoggedEntry } | null;
  /** Of sallyport. */
  readonly version: string;
}

const AGENT = 'agent';

/**
 * A CycloneDX 1.6 bill of materials (ECMA-424, 1st edition) of what an agent got: artifacts that were admitted and
 * delivered. The same entries give the same bytes: `timestamp` is the last entry's, and `serialNumber` is made of the rest.
 */
export function cycloneDx({ agent, installs, undelivered, span, version }: Inventory): string {
  const components = installs.map(componentOf);
  const bom = {
    metadata: {
      ...(span && { timestamp: timeOf(span.last.fields) }),
      lifecycles: [{ phase: 'operations' }],
      tools: { components: [{ type: 'application', name: 'sallyport', version }] },
      component: { type: 'application', 'bom-ref': AGENT, name: agent },
      properties: [...spanProperties(span), ...undeliveredProperties(undelivered)],
    },
    components,
    compositions: compositionsOf(components),
  };
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(bom))}`,
    version: 1,
    ...bom,
  };
  return `${printable(JSON.stringify(document, null, 2))}\n`;
}

/**
 * What is known to be missing. An agent may have more than came by here, and what depends on what is not known; of an
 * artifact with bundled packages that did not all fit into its entry, some are missing.
 */
function compositionsOf(components: readonly Component[]): readonly Fields[] {
  const cut = components.filter((one) => one.cut).map((one) => one['bom-ref']);
  return [
    { aggregate: 'incomplete', assemblies: [AGENT, ...cut] },
    { aggregate: 'unknown', dependencies: [AGENT] },
  ];
}

function spanProperties(span: Inventory['span']): readonly Fields[] {
  if (!span) return [];
  const { first, last } = span;
  return [
    ...(last.log ? [{ name: 'sallyport:log', value: last.log.origin }] : []),
    { name: 'sallyport:first-entry', value: String(first.seq) },
    { name: 'sallyport:first-leaf', value: first.leaf },
    { name: 'sallyport:last-entry', value: String(last.seq) },
    { name: 'sallyport:last-leaf', value: last.leaf },
    { name: 'sallyport:since', value: timeOf(first.fields) },
    { name: 'sallyport:policy', value: textOf(last.fields, 'policy') ?? 'unknown' },
  ];
}

/** Artifacts that are not in the list, and why. */
function undeliveredProperties(undelivered: Undelivered): readonly Fields[] {
  return Object.entries(undelivered).map(([how, count]) => ({
    name: `sallyport:left-out:${how}`,
    value: String(count),
  }));
}

/** A UUID that is made of a text: RFC 9562, version 8. */
function uuidOf(text: string): string {
  const bytes = hash('sha256', text, 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
