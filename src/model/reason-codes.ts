/**
 * Every way in which sallyport says no, with the HTTP status it answers and our own words for it.
 * A refusal (403) is a decision of policy; 5xx are faults, ours or the upstream's; the words never carry
 * text that came from a package.
 */
export const REASONS = {
  // decisions of the policy
  NOT_ALLOWLISTED: [403, 'is not on the allowlist'],
  VERSION_NOT_ALLOWED: [403, 'is in no version that the allowlist admits'],
  DENIED: [403, 'is denied by the policy'],
  NOT_PINNED: [403, 'is not pinned, and this profile is frozen'],
  PIN_MISMATCH: [403, 'differs from its pinned digest'],
  TOO_YOUNG: [403, 'is younger than the policy admits'],
  INSTALL_SCRIPTS: [403, 'runs code of its own when it is installed'],
  SDIST: [403, 'is a source distribution, which runs code when it is built'],
  DIRECT_URL: [403, 'depends on an address instead of a package name'],
  ALIAS_NOT_ADMITTED: [403, 'depends, under another name, on a package that is not admitted'],
  STARTUP_HOOK: [403, 'runs code of its own whenever Python starts'],
  FOREIGN_PLACE: [403, 'puts files where those of something else belong'],
  NEW_INSTALL_SCRIPT: [403, 'runs code when it is installed, which the version before it did not'],
  NEW_DEPENDENCY: [
    403,
    'depends on what the version before it did not, and that is not known here, or too young',
  ],
  SDIST_INSTEAD: [403, 'is a source distribution, where the version before it had wheels'],
  MALWARE: [403, 'is named by a record of malicious packages'],
  VULNERABLE: [403, 'has a known vulnerability that the policy does not accept'],
  VULNERABILITY_UNCHECKED: [
    403,
    'cannot be looked up for known vulnerabilities: there is no feed of advisories',
  ],
  LICENCE: [403, 'declares no licence that the policy accepts'],
  BELOW_FLOOR: [403, 'is older than a version that was admitted before'],
  FEED_MISSING: [403, 'cannot be looked up: there is no feed of malicious packages, or it is too old'],
  QUARANTINED_UPSTREAM: [403, 'is quarantined by its registry'],
  WITHDRAWN_UPSTREAM: [403, 'is no longer listed by its registry'],
  UNKNOWN_VERSION: [403, 'has no such version or file'],
  // evidence, where the policy asks for it
  SIGNATURE_MISSING: [403, 'has no registry signature, and the policy asks for one'],
  SIGNATURE_INVALID: [403, 'has a registry signature that is not of this artifact'],
  SIGNATURE_UNCHECKED: [403, 'has a registry signature that cannot be checked'],
  PROVENANCE_MISSING: [403, 'has no provenance, and the policy asks for it'],
  PROVENANCE_UNREADABLE: [403, 'has provenance that cannot be read'],
  PROVENANCE_INVALID: [403, 'has provenance that does not verify'],
  PROVENANCE_MISMATCH: [403, 'has provenance of something else'],
  PROVENANCE_UNCHECKED: [403, 'has provenance that cannot be checked'],
  PROVENANCE_SIGNER: [403, 'has provenance of another signer than the policy names'],
  EVIDENCE_DOWNGRADE: [403, 'lacks evidence that earlier versions carried'],
  SIGNER_CHANGED: [403, 'has provenance of another signer than earlier versions'],
  // integrity: no policy lifts these
  NO_DIGEST: [403, 'has no declared digest and no pin'],
  DIGEST_MISMATCH: [403, 'does not have the digest that its index declares'],
  DIGEST_CHANGED: [403, 'has another digest than when it was first admitted'],
  SIZE_MISMATCH: [403, 'does not have the size that its index declares'],
  ARCHIVE_UNSAFE: [403, 'is not a well-formed archive'],
  METADATA_MISMATCH: [403, 'says other things inside than its index says'],
  TOO_LARGE: [403, 'is larger than this firewall accepts'],
  // of the request
  BAD_PATH: [400, 'the path is not one that a package manager asks for'],
  BAD_REQUEST: [400, 'the request cannot be read'],
  UNAUTHENTICATED: [401, 'a token is needed, and none that is known was given'],
  AGENT_ONLY: [403, 'this token reads the ledger, and gets no package'],
  AUDITOR_ONLY: [403, "the ledger is read with an auditor's token, and this one is an agent's"],
  NOT_FOUND: [404, 'there is no such route'],
  METHOD_NOT_ALLOWED: [405, 'this registry is read-only'],
  MISDIRECTED: [421, 'this host name is not one that this firewall answers to'],
  LEDGER_WITHDRAWN: [410, 'was withdrawn from reading under the written policy of retention'],
  TOO_MANY_QUERIES: [429, 'this token asks the ledger for too much at once'],
  // faults
  UPSTREAM_FAULT: [502, 'the registry behind this firewall gave no usable answer'],
  UPSTREAM_TIMEOUT: [504, 'the registry behind this firewall did not answer in time'],
  UPSTREAM_ORIGIN: [502, 'the registry names a file server that has not been accepted yet'],
  INDEX_TOO_OLD: [503, 'its registry does not answer, and what it last said is too old'],
  INDEX_UNREADABLE: [502, 'the registry sent an index that cannot be read'],
  AUDIT_UNANSWERED: [503, 'nobody behind this firewall can answer an audit; this is not a clean result'],
  LEDGER_UNAVAILABLE: [503, 'the install ledger cannot be written, so nothing is served'],
  LEDGER_UNPUBLISHED: [503, 'this is not under a published checkpoint yet'],
  STORAGE_UNAVAILABLE: [503, 'the vault cannot be written or read, so nothing is served'],
  OVERLOADED: [503, 'too many requests are waiting'],
  INTERNAL: [500, 'an internal fault; nothing was served'],
} as const satisfies Record<string, readonly [status: number, words: string]>;

export type ReasonCode = keyof typeof REASONS;

export function statusOf(code: ReasonCode): number {
  return REASONS[code][0];
}

/** Our words for a code: they follow `name@version` for a 403, and stand alone for the others. */
export function wordsOf(code: ReasonCode): string {
  return REASONS[code][1];
}
