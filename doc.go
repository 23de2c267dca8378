// Package cfimages is a client for Cloudflare Images V2: it lists images with
// metadata filters, walks through millions of them, hands out one-time upload
// URLs, uploads images and checks whether an upload has completed, changes images,
// and makes the URLs at which they are shown.
//
// # Start
//
// [NewClient] takes the account and an API token from options or from
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN. One client serves a whole
// program, from any number of goroutines.
//
// # Listing
//
// [ImagesV2.All] ranges over images, [ImagesV2.Pages] over pages, and
// [ImagesV2.List] asks for one page. [ListParams] says which images, with
// metadata filters made by [Where] and typed conditions such as [Eq], [In] and [Gt].
// A walk that fails ends with a [*PageError], which says where to go on.
//
// # One image
//
// [ImagesV1.Get] returns the details of an image, and [ImagesV1.Blob] its bytes as they
// were uploaded. [ImagesV1.Update] changes its creator, metadata and access, and
// [ImagesV1.Delete] removes it. [ImagesV1.Stats] counts the images of the account.
//
// # Uploads from a backend
//
// [ImagesV1.Upload] streams a file to Cloudflare in one request. With
// [ImagesV1.UploadFromURL], Cloudflare fetches it.
//
// # Direct uploads
//
// [DirectUploads.Create] makes a draft and a one-time URL. A browser posts a form to
// it, a Go program calls [Uploader.Upload]; neither needs credentials.
// [DirectUploads.Wait] waits until the image has come, and [ImagesV1.Get] looks once.
//
// # Showing images
//
// [Delivery] makes the URLs of images: in a variant, transformed by a [Transform], or
// several in a srcset. [RemoteURL] does so for images that are stored elsewhere, and
// [ParseDeliveryURL] reads such URLs. They need no request. [Variants] looks after the
// variants of the account, and switches flexible variants on, which transformations
// need.
//
// # Private images
//
// [URLSigner] signs the delivery URLs of images that require it, and verifies
// such URLs. It needs no request. [SigningKeys] looks after the keys of the account, and
// says how to replace one.
//
// # Credentials that change
//
// [WithTokenSource] takes the API token from a function, so that a program whose token
// is rotated needs no restart.
//
// # Errors
//
// What is wrong with the parameters is found before anything is sent: every
// violation is a [*ParamError], and they match [ErrInvalidParams]. A reply that is not
// a success is an [*Error] with its status, Cloudflare's codes and the ray ID.
// [ErrNotFound], [ErrRateLimited] and the others are for errors.Is, and so are the
// causes below, such as context.Canceled.
//
// # Retries and rate limits
//
// Failed calls are repeated where that can do no harm; see [RetryPolicy]. No server
// holds a call up without bound: an attempt has 30 s for the headers of its reply,
// whose body may not be silent for longer and is read up to 32 MiB. The server's
// Ratelimit headers are obeyed before it has to refuse anything; [Client.RateLimit]
// reports them.
//
// With [WithBatchAPI], calls go to Cloudflare's batch host, which does not count
// them against that limit: it is for jobs of thousands of calls.
//
// # Limits
//
// Of the API, by Cloudflare's API reference: 5 metadata filters in a request, 5
// levels of a field, 10 values of a list; custom IDs of 1024 characters, not a UUID;
// upload URLs that expire after 2 minutes to 6 hours; metadata of 1024 bytes. By its
// OpenAPI document: pages of 10 to 10000 images, 1000 by default; upload URLs that
// expire after 30 minutes by default; names of 99 characters for variants and of 20 for
// signing keys. By its developer documentation: fields of 100 characters; no custom ID
// together with RequireSignedURLs; files of 10 MB; 100 variants; a BrowserTTL of 1 hour
// to 1 year;
// 1,200 requests in 5 minutes for each user or token, 200 a second for each batch
// token. Those on parameters are checked before anything is sent; the size of a
// file is left to Cloudflare.
//
// # Tests
//
// Package imagestest is an in-process Cloudflare Images to test against.
package cfimages
