// Package imagestest is an in-process Cloudflare Images, for tests of programs
// that use it: through cfimages, through an official Cloudflare SDK in any
// language, or by plain HTTP.
//
//	srv := imagestest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
// It serves the V2 list with metadata filters, the creation of direct uploads,
// the one-time uploads, uploads of a file or from a URL, the details, original,
// change and deletion of an image, the number of images, signing keys, variants,
// and delivery with signed URLs and with flexible variants; what Cloudflare's batch
// host has of that on the batch host, with batch tokens. Generated IDs, signing keys,
// batch tokens and Cf-Ray headers are the same in every run.
//
// # Arranging
//
// [Server.AddImages] and [Server.Seed] store images. [Server.Account] makes
// further accounts, with tokens that may read or write. [Server.ServeSource] gives
// what is found at a URL that an image is uploaded from, and [Server.FailSource]
// makes that fail: no network is asked. [WithVariants], [WithFlexibleVariants],
// [WithMaxFileSize], [WithRateLimit], [WithBatchTokenLifetime] and [WithLatency]
// set what their names say. [Server.Clock] moves time, so that links, signatures
// and batch tokens expire and rate-limit windows end.
// [WithHTTP2] serves HTTP/2 over TLS, as Cloudflare does.
//
// # Failing
//
// [Server.Inject] makes chosen requests fail: with a status, a page of the
// edge, a response that is broken, too large or too slow, or none at all; before,
// while or after what was asked is done. [Cut], [Reset] and [Blackhole] happen to
// a connection; [GoAway] and [ResetStream] to HTTP/2. [Server.Unused] tells which
// of the faults were not needed.
//
// # Looking
//
// [Server.Images] returns what is stored, [Server.Requests] what was asked.
// [Server.Count], [Server.Verified], [Request.Filters] and [Server.Connections]
// answer the questions that tests ask most.
//
// # Where it runs
//
// A server listens on a free port of the loopback interface; [InMemory] spares
// the port, starts in microseconds and works inside a testing/synctest bubble.
// [Server.Handler] can be mounted on a host of one's own; there, faults of a
// connection are limited to what a handler of net/http can do: over HTTP/2 they
// end the request only. To use another SDK,
// give it [Server.URL] as its base URL, [AccountID], and [APIToken] or [Email]
// with [APIKey]. The Batch API is at [Server.BatchURL].
//
// # How faithful it is
//
// The server follows Cloudflare's API reference, OpenAPI document and developer
// documentation, and where they are silent, Cloudflare's local simulator for
// Workers. Where nothing is published it guesses, and the comment in its source
// says so: do not take a status code or an error text of this package for
// Cloudflare's. When in doubt it is strict; [Rule] names the refusals that can
// be switched off, or on.
//
// Of the Batch API little is published: how to get a token, which calls there
// are, that they do not count against the rate limit, and the 200 requests a
// second for each token, which are always enforced. All else is a guess: how
// long a token is good, who may have one and what it may do, the refusal of other
// credentials, and responses without headers on rate limits.
//
// It does not resize images: delivery shows the bytes that were uploaded, whatever
// the variant or the options say. Delivery URLs are those of an account's own domain,
// with /cdn-cgi/imagedelivery/ in their path, so [cfimages.Delivery.OnDomain] makes
// them for the server. It keeps everything in memory, and answers browsers only at
// one-time upload URLs.
package imagestest
