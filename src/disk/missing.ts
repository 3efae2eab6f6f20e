/** Whether a fault of the file system says that there is nothing of that name (ENOENT). */
export function isMissing(error: unknown): error is Error {
  return hasCode(error, 'ENOENT');
}

/** The same, or that the path leads through what is no folder (ENOTDIR). */
export function leadsNowhere(error: unknown): error is Error {
  return isMissing(error) || hasCode(error, 'ENOTDIR');
}

/** Whether it is an error of the system with this code. */
export function hasCode(error: unknown, code: string): error is Error {
  return error instanceof Error && 'code' in error && error.code === code;
}
