/** What answers for STS, if not STS itself; the SDKs of AWS know the variable by this name. */
export function stsEndpoint(): string {
  const { AWS_ENDPOINT_URL_STS: endpoint = '' } = process.env;
  return endpoint;
}
