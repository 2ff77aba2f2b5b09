/** What `import … from 'floodmark/testing'` gives: for tests of your own handlers and of your own receivers. */
export {
  type AnyProvider,
  type RequestOptions,
  type SecretPair,
  type SignedRequest,
  signedRequest,
  testSecrets,
} from './src/product/testing/signed-request.ts'
export { type TestReceiver, type TestReceiverOptions, testReceiver } from './src/product/testing/test-receiver.ts'
