/** The TLS 1.2 suites that the platform names (protocol.md: TLS), as OpenSSL calls them. */
export const platformSuites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
] as const

/** What a listener offers: those of TLS 1.3, whatever the platform may speak by now, and the six. */
export const offeredSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  ...platformSuites,
].join(':')
