// Package cfimages is a client for Cloudflare Images V2. It lists images by their
// metadata, creates one-time upload URLs, uploads, changes and deletes images, manages
// variants and signing keys, and builds the URLs that show images.
//
// # Creating a client
//
// [NewClient] reads the account ID and the API token from the options
// [WithAccountID] and [WithAPIToken], or from the environment variables
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN. A [Client] is safe for concurrent
// use: create one for each account and token, and share it.
//
// An API token needs the account permission "Cloudflare Images: Read" to list and read,
// and "Cloudflare Images: Edit" to create, upload, change and delete (Cloudflare's list
// of API token permissions,
// https://developers.cloudflare.com/fundamentals/api/reference/permissions/). Edit
// includes reading and listing (Cloudflare's guide to API tokens,
// https://developers.cloudflare.com/fundamentals/api/get-started/create-token/).
// Cloudflare does not document the permission for each single call. If a token is
// replaced while the program runs, use [WithTokenSource]. For several accounts, create
// several clients.
//
// # Listing images
//
// [ImagesV2.All] iterates over images and [ImagesV2.Pages] over pages, and
// [ImagesV2.List] returns one page. [ListParams] sets the order, the page size, the
// creator and the metadata filter. [Where] creates a filter from conditions, all of
// which must be true:
//
//	Eq("status", "active")              meta.status[eq:string]=active
//	Eq("priority", 5)                   meta.priority[eq:number]=5
//	Eq("enabled", true)                 meta.enabled[eq:boolean]=true
//	In("region.name", "eu", "us")       meta.region.name[in:string]=eu|us
//	Gte("priority", 5)                  meta.priority[gte:number]=5 (likewise Gt, Lt, Lte)
//	EqUntyped("status", "active")       meta.status[eq]=active
//	InUntyped("status", "a", "b")       meta.status[in]=a|b
//
// With the last two, Cloudflare chooses the type of the value, by rules that are not
// documented. Lists cannot be filtered by upload time.
//
// # Resuming a list
//
// If an iteration fails, it yields one [*PageError] and ends. To resume, use its
// ContinuationToken as the ContinuationToken of [ListParams], and its Yielded as the
// Skip, with otherwise the same parameters. No image is lost or repeated, unless the
// list itself changes meanwhile: by images that are added, deleted, or changed so that
// the filter selects others. Both values can be stored, so that another process can
// resume.
//
// A crash leaves no PageError. So a long job that does not change the list uses
// [ImagesV2.Pages], and stores the ContinuationToken of each [ImagePage], which is that
// of the next page, after it has processed the page. After a crash, the page that was
// being processed is repeated. The token of the last page is "": store that the list is
// complete. [ImagesV2.Pages] has an example.
//
// # Uploading from browsers and apps
//
// [DirectUploads.Create] creates a draft image and a one-time upload URL. A browser
// posts a form with the field "file" to the URL; a Go program calls [Uploader.Upload].
// Neither needs credentials. [ImagesV1.Get] reports whether the upload has completed:
// [Image].Draft is true until then. [DirectUploads.Wait] waits for it.
//
// # Uploading from a backend
//
// [ImagesV1.Upload] streams a file to Cloudflare in one request.
// [ImagesV1.UploadFromURL] asks Cloudflare to fetch the image from a URL.
//
// # Reading, changing and deleting images
//
// [ImagesV1.Get] returns the details of an image, and [ImagesV1.Blob] the uploaded
// file. [ImagesV1.Update] changes the creator, the metadata or RequireSignedURLs, and
// [ImagesV1.Delete] deletes the image. [ImagesV1.Stats] returns the number of images
// in the account.
//
// # Showing images
//
// [Delivery] builds the URLs of images: with a named variant, with a [Transform], or
// for several widths, as the srcset of an HTML img element. [RemoteURL] transforms an
// image that is stored elsewhere, and [ParseDeliveryURL] splits a delivery URL into its
// parts. None of them sends a request.
//
// [Variants] manages the variants of the account. [Delivery.Transformed] and
// [Delivery.SrcSet] need flexible variants (options in the URL instead of a variant):
// [Variants.SetFlexible] enables them for the account.
//
// # Private images
//
// An image with RequireSignedURLs is delivered only at signed URLs, except in variants
// with NeverRequireSignedURLs. [URLSigner] signs and verifies them, without a request.
// [SigningKeys] manages the keys of the account; its documentation describes how to
// replace a key.
//
// # Errors
//
// Invalid parameters are rejected before a request is sent. The error matches
// [ErrInvalidParams] and contains a [*ParamError] for each invalid parameter.
//
// An unsuccessful response is an [*Error], with the status, Cloudflare's error codes
// and the ray ID. Use errors.Is with [ErrNotFound], [ErrRateLimited] and the other
// variables to test for a kind of error. If your context ended, the error matches
// context.Canceled or context.DeadlineExceeded. If the request timeout passed, or the
// response stalled, it matches os.ErrDeadlineExceeded.
//
// If a create, an upload or an update of RequireSignedURLs fails, but Cloudflare may
// have processed it, the error is [ErrOutcomeUnknown]. Its text says how to check. The
// error may also be an *Error, for example with status 503: test for ErrOutcomeUnknown
// first (but after an error of your Body, see [ImagesV1.Upload]). What may exist then,
// and how to find it:
//
//	DirectUploads.Create               a draft: by ImagesV1.Get with its custom ID; no list contains it
//	ImagesV1.Upload and UploadFromURL  an image: by ImagesV1.Get with its custom ID, or in a list
//	DirectUploads.Upload               the image: ImagesV1.Get with the ID of the draft; likewise Uploader.Upload
//	ImagesV1.Update                    the image with a new ID: in a list, if ImagesV1.Get does not find the old ID
//	Variants.Create                    the variant: by Variants.Get
//	SigningKeys.Create                 the key: by SigningKeys.List
//
// # Retries and timeouts
//
// Failed calls are retried if a retry cannot do harm. By default a call, or each page
// of an iteration, makes at most 4 attempts. The waits between them are random: up to
// 200 ms before the first retry, and twice as long before each further one, up to 5 s.
// See [RetryPolicy] and [WithRetryPolicy]. A retry budget (ten retries, refilled by
// successful calls) prevents too many retries during an outage.
//
// A job that must survive a longer outage calls again later. That cannot help if the
// error is [ErrInvalidParams], [ErrBadRequest], [ErrUnauthorized], [ErrForbidden],
// [ErrNotFound], [ErrConflict], [ErrGone] or [ErrResponseTooLarge]. After
// [ErrOutcomeUnknown], check first; after [ErrTokenLoop], start the list again.
//
// To limit a whole call, pass a context with a deadline. Without one, an attempt ends
// after 30 s without response headers (see [WithRequestTimeout]; blocking Reads of the
// Body of a [File] do not count), or after 30 s without a byte of the response body
// (the time of your loop does not count). Four attempts can take more than 2 minutes,
// and a slow response longer: in an HTTP handler, use a deadline.
//
// # Rate limits and the batch host
//
// Cloudflare allows 1,200 requests in 5 minutes for each user or token. Beyond that, it
// rejects all calls with status 429 for 5 minutes (its developer documentation). The
// client reads the Ratelimit headers and waits before it exceeds the limit. If it would
// have to wait longer than [RetryPolicy].MaxWait (10 s by default), or past the
// deadline of the context, the call returns [ErrRateLimited] at once. To let a job wait
// for the next window, pass [WithRetryPolicy] a [DefaultRetryPolicy] whose MaxWait is 5
// minutes, the length of a window. [Client.RateLimit] returns the current state.
//
// [WithBatchAPI] sends calls to Cloudflare's batch host. They do not count against this
// limit. Cloudflare allows 200 calls a second there, for each batch token that a client
// fetches. In a simulation, 100,000 calls take, in virtual time:
//
//	standard API host                6 h 56 min
//	batch host, one client           8 min 46 s
//	batch host, four clients         2 min 12 s
//
// The simulation is "go test -v -run TestSimulationOfManyCalls ./internal/conformance".
//
// # Logging
//
// [WithLogger] writes a Debug record for each attempt, without secrets. Nothing is
// logged by default, and slog.Default does not show Debug records: pass a logger with
// slog.LevelDebug, for example in CI. The Transport of the client in [WithHTTPClient]
// may be any http.RoundTripper, for example one that records traces.
//
// # Limits
//
// These are the largest values, or ranges, each with the Cloudflare document that
// contains it. Limits on parameters are checked before a request is sent. Cloudflare
// checks the files itself.
//
//	5               metadata conditions in a request (API reference)
//	5               names in the path of a metadata field (API reference)
//	10              values of In and InUntyped (API reference)
//	1024            characters of a custom ID, which must not be a UUID (API reference)
//	1024            bytes of metadata, as JSON (API reference)
//	1024            characters of a creator (OpenAPI document)
//	2 min to 6 h    until an upload URL expires (API reference); 30 min by default (OpenAPI document)
//	10 to 10,000    images in a page; 1000 by default (OpenAPI document)
//	1 h to 1 year   of a variant's browser TTL (developer documentation)
//	99              characters of a variant's name (OpenAPI document)
//	20              characters of a signing key's name (OpenAPI document)
//	100             characters of the path of a metadata field (developer documentation)
//	100             variants in an account (developer documentation)
//	10 MB           of a file (developer documentation)
//	12,000          pixels on each side of an image, and 100 megapixels (developer documentation)
//	1,200           requests in 5 minutes for each user or token (developer documentation)
//	200             requests a second for each IP address, and for each batch token (developer documentation)
//
// The formats are PNG, JPEG, GIF, WebP, SVG and HEIC, and AVIF on the Enterprise plan.
// A custom ID cannot be combined with RequireSignedURLs (developer documentation).
//
// # Troubleshooting
//
// By the message of the error:
//
//   - "no account ID", "no credentials": set the option or the environment variable
//     that the text names.
//   - "credentials must be visible ASCII": the token contains a line break, a space or
//     another character that no token has. Copy it again.
//   - "must be https": plain http is allowed for loopback hosts, or with
//     [WithInsecureHTTP].
//   - "status 401 Unauthorized": the token is missing, wrong or expired.
//   - "status 403 Forbidden": the token lacks the permission, or belongs to another
//     account.
//   - "status 404 Not Found": there is no such image in this account. Check the ID and
//     the account ID.
//   - "status 400 Bad Request" from a list with a continuation token: Cloudflare may no
//     longer accept the token. Start the list again without it. If images must not be
//     processed twice, store their IDs.
//   - "status 409 Conflict": probably an image with the custom ID exists, or the upload
//     URL was used before.
//   - "status 410 Gone": probably the upload URL has expired. Create another.
//   - "rate limited", "status 429": the limit is used up. Set a longer
//     [RetryPolicy].MaxWait, or use [WithBatchAPI].
//   - "outcome unknown": the create or upload may have happened. The text says how to
//     check.
//   - "malformed response": the response does not come from the API, or was changed by
//     a proxy. [Error].Body has an excerpt, and [Error].RayID is for Cloudflare's
//     support.
//   - "response too large": set a smaller PerPage.
//   - "continuation token repeated": start the list again without a token.
//   - "redirects are not followed": the base URL is wrong, or a proxy redirects.
//   - "certificate signed by unknown authority": a proxy replaces certificates. Add its
//     certificate to the system's, or use [WithHTTPClient].
//   - "context deadline exceeded": the deadline of your context has passed.
//   - "no response within the request timeout", "the response stalled": Cloudflare or
//     the network was too slow, in all attempts. See [WithRequestTimeout].
//
// If a URL with options fails, and its response has "err=9429" in the Cf-Resized
// header, flexible variants are disabled: see [Variants.SetFlexible].
//
// # Testing
//
// Package imagestest is an in-process Cloudflare Images server for tests. It needs no
// account and no network.
//
// # Versions
//
// The package needs Go 1.26 or newer. MIGRATING.md in the repository compares each call
// with the official SDK, cloudflare-go, in its versions v0 and v7.
package cfimages
