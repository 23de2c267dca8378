package program

import (
	"os"
	"slices"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Account is an account and a client for it.
type Account struct {
	Client  *cfimages.Client
	ID      string
	BaseURL string // of the API; "" is Cloudflare's
	Close   func()
}

// HasAccount reports whether the environment has an account ID and an API token.
func HasAccount() bool {
	return os.Getenv("CLOUDFLARE_API_TOKEN") != "" && os.Getenv("CLOUDFLARE_ACCOUNT_ID") != ""
}

// Connect returns a client for the account in the environment. It uses the batch
// host if batch is set.
func Connect(batch bool, opts ...cfimages.Option) (*Account, error) {
	base := os.Getenv("CLOUDFLARE_BASE_URL")
	if batch && base != "" {
		return nil, Usagef("-batch cannot be combined with CLOUDFLARE_BASE_URL: its batch host is unknown")
	}
	client, err := cfimages.NewClient(withBatch(batch, opts)...)
	if err != nil {
		return nil, err
	}
	return &Account{Client: client, ID: os.Getenv("CLOUDFLARE_ACCOUNT_ID"), BaseURL: base, Close: func() {}}, nil
}

// ConnectTest returns a client for a test server. Close also closes the server.
func ConnectTest(server *imagestest.Server, batch bool, opts ...cfimages.Option) *Account {
	client := server.Client(withBatch(batch, opts)...)
	return &Account{Client: client, ID: imagestest.AccountID, BaseURL: server.URL(), Close: server.Close}
}

func withBatch(batch bool, opts []cfimages.Option) []cfimages.Option {
	if batch {
		opts = append(slices.Clip(opts), cfimages.WithBatchAPI())
	}
	return opts
}

// Signer returns a signer for CLOUDFLARE_IMAGES_SIGNING_KEY, or nil if it is not set.
func Signer() (signer *cfimages.URLSigner, err error) {
	if key := os.Getenv("CLOUDFLARE_IMAGES_SIGNING_KEY"); key != "" {
		signer, err = cfimages.NewURLSigner(key)
	}
	return signer, err
}
