import type { EcosystemId, PackageName } from '../model/artifact.ts';
import { purl as purlOf } from '../model/artifact.ts';
import { readLicence, UNREADABLE_LICENCE } from '../model/licence.ts';
import { shown } from '../model/shown.ts';
import type { Install } from './installs.ts';
import { codesOf, type Fields, objectOf, objectsOf, textOf, textsOf } from './logged.ts';
import { hexOf } from './vsa.ts';

/** One component of a bill of materials. */
export interface Component extends Fields {
  readonly 'bom-ref': string;
  /** Set where packages in it are missing; it is no member of the document. */
  readonly cut?: true;
}

/** An artifact as a component, with the packages that lie in it inside. */
export function componentOf({ entry, delivery, admissions }: Install): Component {
  const { fields } = entry;
  const [name = 'unknown', version, file] = ['name', 'version', 'file'].map((key) => textOf(fields, key));
  const purl = textOf(fields, 'purl');
  const sha256 = hexOf('sha256', textOf(fields, 'sha256')) ?? '';
  const ref = `${purl ?? name}#${file ?? ''}#${sha256}`;
  const ecosystem = textOf(fields, 'ecosystem') ?? '';
  const nested = textsOf(fields, 'bundled').map((one) => bundledOf(one, ecosystem, ref));
  const references = referencesOf(fields);
  const component = {
    type: 'library',
    'bom-ref': ref,
    ...named(name),
    ...(version !== undefined && { version }),
    hashes: hashesOf(fields),
    ...licencesOf(fields),
    ...(purl !== undefined && { purl }),
    ...(references.length > 0 && { externalReferences: references }),
    ...(nested.length > 0 && { components: nested }),
    properties: [
      property('entry', String(entry.seq)),
      property('leaf', entry.leaf),
      property('file', file),
      property('delivered', delivery),
      property('admissions', String(admissions)),
      property('policy', textOf(fields, 'policy')),
      property('rule', textOf(fields, 'place')),
      ...codesOf(fields, 'observed').map((code) => property('admitted-in-spite-of', code)),
      ...codesOf(fields, 'waived').map((code) => property('waived', code)),
      ...evidenceProperties(fields),
    ].flat(),
  };
  // Not enumerable: it is for the compositions, and the document has no such member.
  return textOf(fields, 'bundledCut') === undefined
    ? component
    : Object.defineProperty(component, 'cut', { value: true });
}

/** A name with its npm scope apart, which is what CycloneDX's `group` is for. */
function named(name: string): Fields {
  const slash = name.startsWith('@') ? name.indexOf('/') : -1;
  return slash > 0 ? { group: name.slice(0, slash), name: name.slice(slash + 1) } : { name };
}

/** A package that lies in the artifact: no digest of its own is known, because it is no file of a registry. */
function bundledOf(text: string, ecosystem: EcosystemId, parent: string): Fields {
  const at = text.lastIndexOf('@');
  const [name, version] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
  // Entries hold canonical names only.
  const purl = purlOf({ ecosystem, name: name as PackageName }, version);
  return {
    type: 'library',
    'bom-ref': `${parent}#${text}`,
    ...named(name),
    ...(version !== undefined && { version }),
    ...(purl !== null && { purl }),
    properties: [...property('bundled', 'yes')],
  };
}

function hashesOf(fields: Fields): readonly Fields[] {
  const kinds = [
    ['SHA-256', 'sha256'],
    ['SHA-512', 'sha512'],
  ] as const;
  return kinds.flatMap(([alg, key]) => {
    const content = hexOf(key, textOf(fields, key));
    return content === undefined ? [] : [{ alg, content }];
  });
}

/**
 * What the bytes, or else the index, declare. A licence of the package's own naming (`LicenseRef-…`) has words of the
 * package in it, which are not repeated.
 */
function licencesOf(fields: Fields): Fields {
  const facts = objectOf(fields, 'facts');
  const expression = readLicence(textOf(facts, 'licence') ?? textOf(facts, 'licenceListed'));
  if (expression === null || expression === UNREADABLE_LICENCE || /Ref-/i.test(expression)) return {};
  return { licenses: [{ expression, acknowledgement: 'declared' }] };
}

/** From where a verified provenance says that it was built. */
function referencesOf(fields: Fields): readonly Fields[] {
  const repositories = signersOf(fields).map((signer) => shown(textOf(signer, 'repository') ?? null));
  return [...new Set(repositories)].flatMap((repository) =>
    repository === undefined
      ? []
      : [{ type: 'vcs', url: `https://${repository}`, comment: 'as its verified provenance says' }],
  );
}

/** Each check with its result, the digests of the documents, and who signed. */
function evidenceProperties(fields: Fields): readonly Fields[] {
  const checks = objectsOf(fields, 'checks').flatMap((check) => {
    const name = textOf(check, 'check') ?? 'unknown';
    return [
      property(`check:${name}`, textOf(check, 'result')),
      ...textsOf(check, 'documents').map((document) => property(`check:${name}:document`, document)),
    ].flat();
  });
  const signers = signersOf(fields).flatMap((signer) =>
    ['predicate', 'issuer', 'workflow', 'ref', 'commit', 'runner'].flatMap((key) =>
      property(`signer:${key}`, shown(textOf(signer, key) ?? null)),
    ),
  );
  return [...checks, ...signers, ...property('evidence-cut', textOf(fields, 'evidenceCut'))];
}

function signersOf(fields: Fields): readonly Fields[] {
  return objectsOf(fields, 'checks')
    .filter((check) => textOf(check, 'result') === 'verified')
    .flatMap((check) => objectsOf(check, 'signers'));
}

/** A property in our namespace (CycloneDX property taxonomy); none where there is no value. */
function property(name: string, value: string | undefined): readonly Fields[] {
  return value === undefined ? [] : [{ name: `sallyport:${name}`, value }];
}
