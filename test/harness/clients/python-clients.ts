import { join } from 'node:path';
import type { Address, Client, Step, Wanted } from '../clients.ts';

// Every project has an empty virtual environment `.venv` before the client starts (clients-box.ts), so that none of them
// makes one of its own kind.

const tool = (folder: string, venv: string, name: string, args: string[]): Step => ({
  command: join(folder, venv, 'bin', name),
  args,
});
const specs = (wanted: readonly Wanted[]) =>
  wanted.map(({ name, version }) => (version === undefined ? name : `${name}==${version}`));
const VENV_PYTHON = join('.venv', 'bin', 'python');

/** The index, with the token as a password where the client sends that for files too. */
function index(address: Address, credential = true): string {
  const url = new URL(`${address.url}/pypi/simple/`);
  if (credential && address.token !== undefined) {
    url.username = 'agent';
    url.password = address.token;
  }
  return url.href;
}

const project = (more = '') =>
  `[project]\nname = "project"\nversion = "1.0.0"\nrequires-python = ">=3.11"\ndependencies = []\n${more}`;

const REPORT = 'report.json';
const pip = (id: string): Client => ({
  id,
  ecosystem: 'pypi',
  lockfile: 'requirements.txt',
  env: (address) => ({ PIP_INDEX_URL: index(address), PIP_CONFIG_FILE: '/dev/null' }),
  files: () => ({}),
  version: (folder) => tool(folder, id, 'pip', ['--version']),
  install: (folder, wanted) =>
    tool(folder, id, 'pip', ['--python', VENV_PYTHON, 'install', '--report', REPORT, ...specs(wanted)]),
  installLocked: (folder) =>
    tool(folder, id, 'pip', [
      ...['--python', VENV_PYTHON, 'install', '--require-hashes'],
      ...['-r', 'requirements.txt'],
    ]),
  lock: { from: REPORT, write: requirementsOf },
});

/** Hashed requirements from pip's installation report (its version 1). */
function requirementsOf(report: string): string {
  interface Report {
    readonly install: {
      readonly metadata: { readonly name: string; readonly version: string };
      readonly download_info: { readonly archive_info: { readonly hashes: Record<string, string> } };
    }[];
  }
  const { install } = JSON.parse(report) as Report;
  const lines = install.map(({ metadata, download_info: { archive_info: file } }) => {
    return `${metadata.name}==${metadata.version} --hash=sha256:${file.hashes['sha256']}\n`;
  });
  return lines.sort().join('');
}

const uv: Client = {
  id: 'uv',
  ecosystem: 'pypi',
  lockfile: 'uv.lock',
  env: (address) => ({ UV_DEFAULT_INDEX: index(address), UV_PYTHON_DOWNLOADS: 'never' }),
  files: () => ({ 'pyproject.toml': project() }),
  version: (folder) => tool(folder, 'uv', 'uv', ['--version']),
  install: (folder, wanted) => tool(folder, 'uv', 'uv', ['add', ...specs(wanted)]),
  installLocked: (folder) => tool(folder, 'uv', 'uv', ['sync', '--locked']),
};

const poetry: Client = {
  id: 'poetry',
  ecosystem: 'pypi',
  lockfile: 'poetry.lock',
  env: (address) => ({
    POETRY_VIRTUALENVS_IN_PROJECT: 'true',
    // Credentials in the address would be sent for the index only.
    ...(address.token === undefined
      ? {}
      : {
          POETRY_HTTP_BASIC_SALLYPORT_USERNAME: 'agent',
          POETRY_HTTP_BASIC_SALLYPORT_PASSWORD: address.token,
        }),
  }),
  files: (address) => ({
    'pyproject.toml': project(
      [
        '',
        '[tool.poetry]',
        'package-mode = false',
        '',
        '[[tool.poetry.source]]',
        'name = "sallyport"',
        `url = "${index(address, false)}"`,
        'priority = "primary"',
        '',
      ].join('\n'),
    ),
  }),
  version: (folder) => tool(folder, 'poetry', 'poetry', ['--version', '--no-ansi']),
  install: (folder, wanted) =>
    tool(folder, 'poetry', 'poetry', ['add', '--no-ansi', '--no-interaction', ...specs(wanted)]),
  installLocked: (folder) => tool(folder, 'poetry', 'poetry', ['sync', '--no-ansi', '--no-interaction']),
};

const pdm: Client = {
  id: 'pdm',
  ecosystem: 'pypi',
  lockfile: 'pdm.lock',
  env: (address) => ({ PDM_PYPI_URL: index(address), PDM_CHECK_UPDATE: 'false' }),
  files: () => ({ 'pyproject.toml': project('\n[tool.pdm]\ndistribution = false\n') }),
  version: (folder) => tool(folder, 'pdm', 'pdm', ['--version']),
  install: (folder, wanted) => tool(folder, 'pdm', 'pdm', ['add', '--no-self', ...specs(wanted)]),
  installLocked: (folder) => tool(folder, 'pdm', 'pdm', ['install', '--no-self', '--frozen-lockfile']),
};

const pipenv: Client = {
  id: 'pipenv',
  ecosystem: 'pypi',
  lockfile: 'Pipfile.lock',
  env: (address) => ({
    PIPENV_PYPI_MIRROR: index(address),
    PIPENV_VENV_IN_PROJECT: '1',
    PIP_CONFIG_FILE: '/dev/null',
  }),
  files: (address) => ({
    Pipfile: [
      '[[source]]',
      `url = "${index(address, false)}"`,
      'verify_ssl = false',
      'name = "sallyport"',
      '',
      '[packages]',
      '',
    ].join('\n'),
  }),
  version: (folder) => tool(folder, 'pipenv', 'pipenv', ['--version']),
  install: (folder, wanted) => tool(folder, 'pipenv', 'pipenv', ['install', ...specs(wanted)]),
  installLocked: (folder) => tool(folder, 'pipenv', 'pipenv', ['sync']),
};

/** pip 26 and 23, uv, poetry, pdm, pipenv. */
export const PYTHON_CLIENTS: readonly Client[] = [pip('pip-26'), pip('pip-23'), uv, poetry, pdm, pipenv];
