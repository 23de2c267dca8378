package gallery

import (
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Demo returns the configuration, without a log, for a server of package
// imagestest whose API is at baseURL.
func Demo(baseURL string) (config Config, err error) {
	config.Notice = "Demo: images are kept in memory and are gone when the server stops."
	config.UploadOrigin = strings.TrimSuffix(baseURL, "/client/v4")
	config.DeliveryOrigin = config.UploadOrigin
	if config.Signer, err = cfimages.NewURLSigner(imagestest.SigningKey); err != nil {
		return Config{}, err
	}
	config.Client, err = cfimages.NewClient(
		cfimages.WithBaseURL(baseURL),
		cfimages.WithAccountID(imagestest.AccountID),
		cfimages.WithAPIToken(imagestest.APIToken),
		cfimages.WithInsecureHTTP(), // for an address that is not loopback
	)
	return config, err
}
