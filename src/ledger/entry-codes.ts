/**
 * The fixed words in `code` of alarms, admin acts and stops, with what each says; ENTRIES.md has the same. Words may be
 * added; one that exists keeps its meaning for ever, because what is in the log is never rewritten.
 */

/** What a person should look at. */
export const ALARMS = {
  'digest-changed': 'a file has another digest than when it was first admitted',
  'digest-mismatch': 'bytes do not have the digest that their index declares',
  'file-origin': 'a file is said to come from another origin than the one known',
  'vault-damaged': 'what the vault keeps is not what was put there',
  'stale-index':
    'an upstream cannot be asked for an index, and the one that we have is used as far as it may be',
  withdrawn: 'an upstream says no more that a package exists that we have seen',
  'name-budget': 'an agent has asked for more new names under prefix rules than it may',
  'policy-reload': 'a policy was not taken into use; the one before stays',
  'evidence-failed':
    'evidence does not verify, is of another signer than the policy names, or is less than before',
  'evidence-unchecked': 'evidence cannot be checked',
  'signer-changed': 'provenance is of another signer than that of earlier versions',
  'trust-root': 'an updated trust root or keys cannot be used, or are old',
  malware: 'a package that was asked for is named by a record of malicious packages',
  'feed-stale': 'the feed of advisories is older than it may be',
  'waiver-expiring': 'a waiver ends soon',
  'log-rolled-back': 'somebody knows more of the log than there is here, or something else',
  'head-copy-failed': 'the copy of the head cannot be written',
  'witness-unreachable': 'a witness does not answer',
  'witness-refused': 'a witness does not know the log or its key',
  'export-stuck': 'entries wait for a target that takes none',
  'pseudonym-key-lost': 'the key of a tenant is not the one that was entered, and nobody forgot it',
  'ledger-failing': 'the ledger could not be written; this entry was the attempt that succeeded',
} as const;
export type AlarmKind = keyof typeof ALARMS;

/** What somebody who runs the firewall did. */
export const ADMIN_ACTS = {
  'trust-changed': 'another trust root or other keys are in use from now on',
  'feed-changed': 'another feed of advisories was found in force, and is decided by from now on',
  'key-rotated': 'the last entry under the old key: which log comes next',
  'entries-withdrawn': 'old entries are not readable any more',
  'pseudonym-key': "a tenant's agents are entered under pseudonyms of this key from now on",
  'pseudonyms-forgotten': "a tenant's key is deleted",
  reindexed: 'the query index was made anew from the entries',
} as const;
export type AdminAct = keyof typeof ADMIN_ACTS;

/** Why a server stopped. */
export const STOPS = {
  shutdown: 'it was asked to',
} as const;
export type StopReason = keyof typeof STOPS;
