/** A kind of file that states versions. */
export interface VersionedText {
  read(text: string): Iterable<{ readonly what: string; readonly version: string }>;
  write(text: string, version: string): string;
}

type Json = { [name: string]: unknown };

const DEPENDENCIES = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
] as const;

/** Ours, released together: they name each other by the exact version. */
const isOurs = (name: string): boolean => name === 'pgweir' || name.startsWith('@pgweir/');

/** A package.json: its own version, and those of our packages that it depends on. */
export const manifestVersions: VersionedText = {
  read: (text) => versionsOf(JSON.parse(text)),
  write(text, version) {
    const manifest: Json = JSON.parse(text);
    setVersions(manifest, version);
    return `${JSON.stringify(manifest, null, 2)}\n`;
  },
};

/** The lock file: its own version, and what it repeats out of our package.json files. */
export const lockVersions: VersionedText = {
  read: (text) => {
    const lock: Json = JSON.parse(text);
    return [...versionsOf(lock), ...ourEntries(lock).flatMap((entry) => [...versionsOf(entry)])];
  },
  write(text, version) {
    const lock: Json = JSON.parse(text);
    for (const entry of [lock, ...ourEntries(lock)]) setVersions(entry, version);
    return `${JSON.stringify(lock, null, 2)}\n`;
  },
};

function ourEntries(lock: Json): readonly Json[] {
  return Object.entries(objectAt(lock, 'packages'))
    .filter(([path]) => !path.startsWith('node_modules/') && !path.includes('/node_modules/'))
    .map(([, entry]) => entry)
    .filter(isObject);
}

function versionsOf(manifest: Json): { what: string; version: string }[] {
  const own = typeof manifest.version === 'string' ? [manifest.version] : [];
  return [
    ...own.map((version) => ({ what: `version of ${manifest.name}`, version })),
    ...DEPENDENCIES.flatMap((kind) =>
      Object.entries(objectAt(manifest, kind))
        .filter(([name]) => isOurs(name))
        .map(([name, version]) => ({ what: `${kind}: ${name}`, version: String(version) })),
    ),
  ];
}

function setVersions(manifest: Json, version: string): void {
  if (typeof manifest.version === 'string') manifest.version = version;
  for (const kind of DEPENDENCIES) {
    const wanted = objectAt(manifest, kind);
    for (const name of Object.keys(wanted)) if (isOurs(name)) wanted[name] = version;
  }
}

function objectAt(json: Json, name: string): Json {
  const value = json[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
