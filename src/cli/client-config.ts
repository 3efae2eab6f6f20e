/** What to put into one package manager. `lines` are shell lines or file lines, as `where` says. */
export interface ClientSetting {
  readonly client: string;
  readonly where: string;
  readonly lines: readonly string[];
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The settings that work for each client, with or without a token. `url` has no trailing slash. The token
 * stands as `$SALLYPORT_TOKEN`: no secret is printed.
 */
export function clientSettings(url: string, token: boolean): ClientSetting[] {
  const { host, hostname, protocol } = new URL(url);
  const npm = `${url}/npm/`;
  const simple = token ? `${protocol}//agent:$SALLYPORT_TOKEN@${host}/pypi/simple/` : `${url}/pypi/simple/`;
  const auth = token ? [`//${host}/npm/:_authToken=\${SALLYPORT_TOKEN}`] : [];
  return [
    {
      client: 'npm',
      where: '.npmrc',
      lines: [`registry=${npm}`, 'replace-registry-host=always', ...auth],
    },
    // pnpm reads a token from the environment in the user's file only, not in a project's.
    { client: 'pnpm', where: token ? '~/.npmrc' : '.npmrc', lines: [`registry=${npm}`, ...auth] },
    {
      client: 'yarn 1',
      where: '.npmrc and .yarnrc',
      lines: [`registry=${npm}`, ...auth, ...(token ? ['always-auth=true'] : [])],
    },
    {
      client: 'yarn 4',
      where: '.yarnrc.yml',
      lines: [
        `npmRegistryServer: "${npm}"`,
        ...(protocol === 'http:' ? [`unsafeHttpWhitelist: ["${hostname}"]`] : []),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: yarn's own placeholder
        ...(token ? ['npmAlwaysAuth: true', 'npmAuthToken: "${SALLYPORT_TOKEN}"'] : []),
      ],
    },
    { client: 'bun', where: '.npmrc', lines: [`registry=${npm}`, ...auth] },
    { client: 'deno', where: '.npmrc', lines: [`registry=${npm}`, ...auth] },
    {
      client: 'pip',
      where: 'environment',
      lines: [
        `export PIP_INDEX_URL=${simple}`,
        // pip takes plain HTTP from loopback only, unless it is told whom to trust.
        ...(protocol === 'http:' && !LOOPBACK.has(hostname) ? [`export PIP_TRUSTED_HOST=${hostname}`] : []),
      ],
    },
    { client: 'uv', where: 'environment', lines: [`export UV_DEFAULT_INDEX=${simple}`] },
    {
      client: 'poetry',
      where: 'pyproject.toml, environment',
      lines: [
        '[[tool.poetry.source]]',
        'name = "sallyport"',
        `url = "${url}/pypi/simple/"`,
        'priority = "primary"',
        ...(token
          ? [
              '# environment: POETRY_HTTP_BASIC_SALLYPORT_USERNAME=agent POETRY_HTTP_BASIC_SALLYPORT_PASSWORD=$SALLYPORT_TOKEN',
            ]
          : []),
      ],
    },
    { client: 'pdm', where: 'environment', lines: [`export PDM_PYPI_URL=${simple}`] },
    {
      client: 'pipenv',
      where: 'environment',
      lines: [`export PIPENV_PYPI_MIRROR=${simple.replace(/\/$/, '')}`],
    },
  ];
}

/** The three that `serve` prints when it starts. */
export function startHint(url: string, token: boolean): string {
  const wanted = new Set(['npm', 'pip', 'uv']);
  const parts = clientSettings(url, token)
    .filter((s) => wanted.has(s.client))
    .map((s) => `  ${s.client.padEnd(4)} (${s.where})\n${s.lines.map((line) => `    ${line}`).join('\n')}`);
  return `sallyport listens on ${url}\n${parts.join('\n')}\n`;
}
