/** A machine that the executable is made for. */
export interface Target {
  /** As our files name it. */
  readonly name: string;
  /** As Bun's compiler names it. */
  readonly bun: string;
  /** The npm package that has Bun for it. */
  readonly runtimePackage: string;
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  /** As Debian names it; undefined: there is no Debian package for it. */
  readonly debian: string | undefined;
}

export const TARGETS: readonly Target[] = [
  {
    name: 'linux-x64',
    bun: 'bun-linux-x64',
    runtimePackage: '@oven/bun-linux-x64',
    platform: 'linux',
    arch: 'x64',
    debian: 'amd64',
  },
  {
    name: 'linux-arm64',
    bun: 'bun-linux-arm64',
    runtimePackage: '@oven/bun-linux-aarch64',
    platform: 'linux',
    arch: 'arm64',
    debian: 'arm64',
  },
  {
    name: 'macos-arm64',
    bun: 'bun-darwin-arm64',
    runtimePackage: '@oven/bun-darwin-aarch64',
    platform: 'darwin',
    arch: 'arm64',
    debian: undefined,
  },
  {
    name: 'macos-x64',
    bun: 'bun-darwin-x64',
    runtimePackage: '@oven/bun-darwin-x64',
    platform: 'darwin',
    arch: 'x64',
    debian: undefined,
  },
];

export function isHost({ platform, arch }: Target): boolean {
  return process.platform === platform && process.arch === arch;
}
