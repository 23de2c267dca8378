package program

import (
	"os"
	"slices"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Account is the account that a program works on.
type Account struct {
	Client  *cfimages.Client
	ID      string
	BaseURL string // of the API; "" is Cloudflare's
	Close   func()
}

// HasAccount reports whether the environment names an account and an API token.
func HasAccount() bool {
	return os.Getenv("CLOUDFLARE_API_TOKEN") != "" && os.Getenv("CLOUDFLARE_ACCOUNT_ID") != ""
}

// Connect connects to the account that the environment names, and uses the batch
// host if batch is set.
func Connect(batch bool, opts ...cfimages.Option) (*Account, error) {
	base := os.Getenv("CLOUDFLARE_BASE_URL")
	if batch && base != "" {
		return nil, Usagef("-batch is for Cloudflare: the batch host of CLOUDFLARE_BASE_URL is not known")
	}
	client, err := cfimages.NewClient(withBatch(batch, opts)...)
	if err != nil {
		return nil, err
	}
	return &Account{Client: client, ID: os.Getenv("CLOUDFLARE_ACCOUNT_ID"), BaseURL: base, Close: func() {}}, nil
}

// ConnectTest connects to a test server. Close closes the server too.
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

// Signer returns a signer with CLOUDFLARE_IMAGES_SIGNING_KEY; nil if it is not set.
func Signer() (signer *cfimages.URLSigner, err error) {
	if key := os.Getenv("CLOUDFLARE_IMAGES_SIGNING_KEY"); key != "" {
		signer, err = cfimages.NewURLSigner(key)
	}
	return signer, err
}
