package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// TestOfficialSDKRetriesALostCreate supports the README's sentence on creates whose
// responses are lost.
func TestOfficialSDKRetriesALostCreate(t *testing.T) {
	twoLostResponses := lostResponses(imagestest.OpCreate, 2)
	t.Run("cloudflare-go leaves three drafts and reports no error", func(t *testing.T) {
		server, client := officialSDK(t)
		server.Inject(twoLostResponses)
		_, err := client.Images.V2.DirectUploads.New(t.Context(), newUpload())
		require.NoError(t, err)
		assert.Len(t, server.Images(), 3)
	})
	t.Run("cfimages leaves one and reports an unknown outcome", func(t *testing.T) {
		server, _ := officialSDK(t)
		server.Inject(twoLostResponses)
		_, err := server.Client().DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		assert.Len(t, server.Images(), 1)
	})
}
