import { X509Certificate } from 'node:crypto';
import type { Signer } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';
import { DER_SEQUENCE, DER_UTF8_STRING, DerError, readDer, readDerValue } from './der.ts';
import { equalBytes } from './message.ts';
import { normalRepository, workflowIn } from './source.ts';

/** What a certificate says of its holder. */
export interface SigningCertificate extends Omit<Signer, 'predicate'> {
  /** Address of the run that it was issued to (.21). */
  readonly run: string | null;
}

/** An extension as the library gives it: `value` is what is within the OCTET STRING. */
export interface CertificateExtension {
  readonly oid: string;
  readonly value: Uint8Array;
}

/** Certificates that begin from here on have the newer extensions; they are since the middle of 2023. */
const NO_LEGACY_SINCE = Date.UTC(2024, 0, 1);

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
/** Arc of Fulcio's own extensions; the number after it says which one. */
const FULCIO = '1.3.6.1.4.1.57264.1.';

/**
 * Reads a certificate (DER) that may sign code, and none that may issue others; its key can be used.
 * @throws EvidenceFault `certificate`
 */
export function readLeaf(der: Uint8Array): X509Certificate {
  try {
    const leaf = new X509Certificate(der);
    // OpenSSL passes over what follows a certificate.
    const whole = equalBytes(leaf.raw, der);
    if (whole && !leaf.ca && leaf.keyUsage?.includes(CODE_SIGNING) && leaf.publicKey) return leaf;
  } catch {
    // OpenSSL's words are not ours.
  }
  throw new EvidenceFault('certificate');
}

/**
 * Decodes what a verified certificate says. Where it says a thing under an old and under a new number, both must
 * agree; under the old one alone only if it is of a time when there was no other. `notBefore` is milliseconds since 1970.
 * Source: sigstore/fulcio docs/oid-info.md; RFC 5280, section 4.2.1.6.
 * @throws EvidenceFault `certificate`; `issuer` for a holder of a kind that we do not know
 */
export function readSigningCertificate(
  extensions: readonly CertificateExtension[],
  notBefore: number,
): SigningCertificate {
  const values = new Map(extensions.map(({ oid, value }) => [oid, value]));
  if (values.size !== extensions.length) throw new EvidenceFault('certificate');
  try {
    return read(values, notBefore);
  } catch (error) {
    throw error instanceof DerError ? new EvidenceFault('certificate') : error;
  }
}

function read(values: ReadonlyMap<string, Uint8Array>, notBefore: number): SigningCertificate {
  const text = (number: number): string | null => {
    const value = values.get(FULCIO + number);
    if (value === undefined) return null;
    // The extensions up to .6 are text as it is, those from .8 on a DER UTF8String.
    return decode(number < 8 ? value : readDerValue(value, DER_UTF8_STRING)) || null;
  };
  let legacy = false;
  const either = (current: string | null, old: string | null): string | null => {
    if (old === null) return current;
    if (current === null) {
      if (notBefore >= NO_LEGACY_SINCE) throw new EvidenceFault('certificate');
      legacy = true;
      return old;
    }
    if (current !== old) throw new EvidenceFault('certificate');
    return current;
  };

  const subject = readSubject(values.get(SUBJECT_ALTERNATIVE_NAME));
  const issuer = either(text(8), text(1));
  if (issuer === null) throw new EvidenceFault('issuer');
  const oldRepository = text(5);
  const repository = either(
    normalRepository(text(12)),
    oldRepository && normalRepository(`${hostOf(subject)}/${oldRepository}`),
  );
  const ref = either(text(14), text(6));
  const commit = either(text(13), text(3));
  const config = text(18) ?? (legacy ? subject : null);
  return {
    issuer,
    subject,
    repository,
    repositoryId: text(15),
    ownerId: text(17),
    workflow: workflowIn(config, { repository, ref, commit }),
    ref,
    commit,
    trigger: either(text(20), text(2)),
    runner: text(11),
    environment: text(23),
    builder: text(9),
    run: text(21),
  };
}

/** The one name: a URI, or an e-mail address. */
function readSubject(extension: Uint8Array | undefined): string {
  if (extension === undefined) throw new EvidenceFault('issuer');
  const [name, ...others] = readDer(readDerValue(extension, DER_SEQUENCE));
  const known = name?.tag === EMAIL_ADDRESS || name?.tag === URI;
  if (!known || others.length > 0) throw new EvidenceFault('issuer');
  const subject = decode(name.content);
  if (!/^[\x21-\x7e]+$/.test(subject)) throw new EvidenceFault('certificate');
  return subject;
}

/** Context-specific tags of GeneralName. */
const EMAIL_ADDRESS = 0x81;
const URI = 0x86;

/** Of a URI; the text itself where it is none, which is then no repository's host. */
function hostOf(subject: string): string {
  return URL.canParse(subject) ? new URL(subject).host : subject;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EvidenceFault('certificate');
  }
}
