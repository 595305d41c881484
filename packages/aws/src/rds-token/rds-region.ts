/** In China the region comes behind `rds`, as AWS documents it; the other order is known as well. */
const REGION = '([a-z]{2}(?:-[a-z]+)+-\\d{1,2})';
const ENDPOINT = new RegExp(
  `\\.(?:${REGION}\\.rds\\.amazonaws\\.com(?:\\.cn)?|rds\\.${REGION}\\.amazonaws\\.com\\.cn)\\.?$`,
  'i',
);

/**
 * The region in the name of an RDS endpoint (`*.REGION.rds.amazonaws.com`, in China
 * `*.rds.REGION.amazonaws.com.cn`); undefined: it is none.
 */
export function rdsRegionOf(host: string): string | undefined {
  const match = ENDPOINT.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
