// Package imagestest provides a test server for programs that use Cloudflare Images.
// The server runs in the process of the test and keeps everything in memory. Programs
// can use it through cfimages, through an official Cloudflare SDK in any language, or
// with plain HTTP requests.
//
// # Starting a server
//
// [NewServer] starts a server with a default account. [Server.Client] returns a client
// of that account:
//
//	srv := imagestest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
// The server listens on a free port of the loopback interface. With [InMemory] it uses
// no port and starts in microseconds. [WithHTTP2] serves HTTP/2 over TLS, as Cloudflare does.
//
// To use another SDK, set its base URL to [Server.URL], its account to [AccountID], and
// its credentials to [APIToken] or to [Email] and [APIKey].
//
// # Testing a handler
//
// Store the images that the test needs, pass the client to the code under test, call
// that code, and check what the server received and stored:
//
//	srv := imagestest.NewServer()
//	defer srv.Close()
//	srv.AddImages(cfimages.Image{ID: "cat", Creator: "alice"})
//
//	handler := newHandler(srv.Client()) // the code under test
//	rec := httptest.NewRecorder()
//	handler.ServeHTTP(rec, httptest.NewRequest("DELETE", "/images/cat", nil))
//
//	if n := srv.Count(imagestest.OpDelete); n != 1 {
//		t.Errorf("got %d delete requests, want 1", n)
//	}
//	if left := srv.Images(); len(left) != 0 {
//		t.Errorf("got %d images, want none", len(left))
//	}
//
// To prepare a test:
//   - [Server.AddImages] and [Server.Seed] store images.
//   - [Server.Account] creates further accounts, and [Account.AddToken] creates tokens
//     with [Read] or [Write] scope. [Account.RemoveToken] revokes them.
//   - [Server.ServeSource] and [Server.FailSource] set the result of an upload from a URL.
//     The server never fetches anything from the network.
//   - [WithVariants], [WithFlexibleVariants], [WithMaxFileSize], [WithRateLimit],
//     [WithBatchTokenLifetime] and [WithLatency] configure the server.
//   - [Clock.Advance] moves the time of the server, so that upload URLs (410),
//     signatures (403), batch tokens and rate-limit windows expire. An expired draft
//     stays a draft.
//
// To check the outcome, [Server.Images] returns the stored images and [Server.Requests]
// the received requests. [Server.Count], [Server.Verified], [Request.Filters] and
// [Server.Connections] answer the most common questions of tests.
//
// Generated IDs, signing keys, batch tokens and Cf-Ray headers are the same in every run.
//
// # Injecting faults
//
// [Server.Inject] makes selected requests fail. A [Fault] selects the requests, the
// [Position] at which they fail, and the [Kind] of failure:
//   - [Reply], [Refusal], [EdgePage] and [Bomb] replace the response.
//   - [Slow], [WrongLength], [RepeatToken] and [EmptyPage] change the response.
//   - [Stall] stops the response.
//   - [Cut], [Reset] and [Blackhole] affect the connection.
//   - [GoAway] and [ResetStream] affect HTTP/2.
//
// [Server.Unused] returns the faults that were not applied. [Server.RemoveFaults] ends an
// outage. With [Always], a fault of [OpBatchToken] makes the batch host unavailable.
//
// # Testing with synctest
//
// With [InMemory] the server works inside a testing/synctest bubble. Timeouts, retries
// and rate limits are then tested in virtual time, without waiting.
//
// # Batch API
//
// [Server.BatchURL] returns the URL of the batch host. The client returned by [Server.Client]
// uses it if [cfimages.WithBatchAPI] is given. The batch host serves the calls that
// Cloudflare's batch host serves, and requires a batch token.
//
// # Supported calls
//
// The server implements these calls:
//   - the V2 list with metadata filters
//   - direct uploads: creation, and the upload to the one-time URL
//   - uploads of a file and uploads from a URL
//   - details, uploaded file, update and deletion of an image
//   - the number of images
//   - signing keys
//   - variants
//   - delivery with signed URLs and with flexible variants
//
// It has these limits:
//   - It does not resize images. Delivery returns the uploaded bytes for every variant
//     and for all options.
//   - Delivery URLs have the form of URLs on the account's own domain, with
//     /cdn-cgi/imagedelivery/ in their path. [Server.Delivery] builds them.
//   - Only one-time upload URLs allow cross-origin requests from browsers.
//   - A handler that is mounted on another server with [Server.Handler] can do to a
//     connection only what net/http allows. Over HTTP/2, connection faults then end
//     only the request.
//
// # What it rejects
//
// The server rejects requests that violate Cloudflare's documentation. Where the
// documentation is unclear, the server is strict. A [Rule] is a check that Cloudflare is
// not known to make. Two rules are enforced by default, and two are not. [Enforce] enables
// rules, and [Ignore] disables them.
//
// # What is a guess
//
// The server follows Cloudflare's API reference, OpenAPI document and developer
// documentation. Where these say nothing, it follows Cloudflare's local simulator for
// Workers. Where nothing is documented, it guesses, and a comment in the source marks the
// guess. Do not assume that Cloudflare returns the status codes and error texts of this
// package.
//
// Little is documented about the Batch API: how to get a token, which calls exist, that
// they do not count against the rate limit, and the limit of 200 requests per second for
// each token. The server always enforces that limit. Everything else is a guess: the
// lifetime of a token, who may get one, what it allows, that other credentials are
// rejected, and that responses have no rate-limit headers.
package imagestest
