// Package imagestest is an in-process Cloudflare Images server for tests. It works with
// package cfimages, with other SDKs in any language, and with plain HTTP:
//
//	server := imagestest.NewServer()
//	defer server.Close()
//	client := server.Client()
//
// It serves the whole API that cfimages uses: lists with metadata filters, direct uploads
// and one-time uploads, uploads from a backend and from a URL, details, originals, updates
// and deletion of images, stats, variants, signing keys, delivery with signed URLs and
// flexible variants, and the batch host. Generated IDs, signing keys, batch tokens and
// Cf-Ray headers are the same in every run.
//
// # Setting up a test
//
// [Server.AddImages] and [Server.Seed] store images. [Server.Account] creates further
// accounts, with tokens that have a [Scope]. [Server.ServeSource] and [Server.FailSource]
// set the result of fetching a URL, for uploads from a URL. The options set limits and
// variants: [WithRateLimit], [WithMaxFileSize], [WithVariants], [WithFlexibleVariants],
// [WithBatchTokenLifetime] and [WithLatency]. [WithHTTP2] serves HTTP/2 over TLS, as
// Cloudflare does.
//
// # Testing time
//
// [InMemory] lets the server run inside a testing/synctest bubble, where retries, waits and
// expiry take virtual time. Without a bubble, [Server.Clock] moves the server's time, so
// that upload URLs, signatures and batch tokens expire and rate-limit windows end.
//
// # Testing failures
//
// [Server.Inject] makes chosen requests fail, before, during or after they are processed:
// with an error status ([Refusal]), an HTML page ([EdgePage]), a response that is broken,
// too large or too slow, or no response; by a broken connection ([Cut], [Reset],
// [Blackhole]); or by HTTP/2 frames ([GoAway], [ResetStream]). [Server.Unused] returns
// the faults that did not happen, which is usually a mistake in the test.
//
// # Checking the result
//
// [Server.Images] returns the stored images, and [Server.Requests] the received requests.
// [Server.Count], [Server.Verified], [Request.Filters] and [Server.Connections] return what
// tests check most often.
//
// # Using it with other programs
//
// Without InMemory, the server listens on a free port of the loopback interface. Other SDKs
// need [Server.URL] as their base URL, [AccountID], and [APIToken], or [Email] and [APIKey].
// The batch host is at [Server.BatchURL]. [Server.Handler] can be mounted on your own HTTP
// server. There, faults of a connection are limited to what a handler of net/http can do:
// over HTTP/2, they end only the request.
//
// # How faithful it is
//
// The server follows Cloudflare's API reference, OpenAPI document and developer
// documentation. Where these do not define the behavior, it follows Cloudflare's local
// simulator for Workers. Where nothing is published, the behavior is a guess, and a comment
// in the source says so. Do not rely on the status codes and error texts of this package:
// Cloudflare's may differ. In doubt, the server is strict. A [Rule] is a check that can be
// disabled or enabled.
//
// Little is published about the batch host: how to get a token, which calls it serves, that
// calls do not count against the rate limit, and the limit of 200 requests a second for each
// token, which is always enforced. The rest is a guess: how long a token is valid, who may
// get one, what it allows, that other credentials are rejected, and that responses have no
// rate-limit headers.
//
// The server does not resize images: delivery returns the uploaded file, for every variant
// and all options. Delivery URLs have the form of an account's own domain, with
// /cdn-cgi/imagedelivery/ in their path; cfimages.Delivery.OnDomain builds them. The server
// keeps everything in memory. It allows cross-origin requests of browsers only for one-time
// uploads.
package imagestest
