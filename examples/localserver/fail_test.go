package main

import (
	"io"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestFail(t *testing.T) {
	stdout, _, _ := start(t, "-fail", "list=503*2", "-fail", "list=edge", "-fail", "list=reset", "-fail", "create=lost", "-fail", "get=429")
	// On a connection that was used before, net/http would retry a GET by itself.
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	client := stdout.environment(t).client(t, cfimages.WithHTTPClient(fresh), cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	list := func() error {
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		return err
	}
	for _, want := range []int{503, 503, 502} {
		var failed *cfimages.Error
		require.ErrorAs(t, list(), &failed)
		assert.Equal(t, want, failed.StatusCode)
	}
	assert.ErrorIs(t, list(), syscall.ECONNRESET)
	assert.NoError(t, list())
	_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{ID: "mine"})
	assert.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	_, err = client.ImagesV1.Get(t.Context(), "mine")
	assert.ErrorIs(t, err, cfimages.ErrRateLimited)
	draft, err := client.ImagesV1.Get(t.Context(), "mine")
	require.NoError(t, err, "it was created all the same")
	assert.True(t, draft.Draft)
}

func TestFailKnowsEveryOperation(t *testing.T) {
	for name, op := range map[string]imagestest.Operation{
		"list": imagestest.OpList, "create": imagestest.OpCreate, "upload": imagestest.OpUpload, "get": imagestest.OpGet, "blob": imagestest.OpBlob,
		"delete": imagestest.OpDelete, "batchtoken": imagestest.OpBatchToken, "delivery": imagestest.OpDeliver,
	} {
		opts, err := parseArgs([]string{"-fail", name + "=503"}, io.Discard)
		require.NoError(t, err, name)
		server := newServer(opts)
		require.Len(t, server.Unused(), 1, name)
		assert.Equal(t, op, server.Unused()[0].Operation, name)
		server.Close()
		assert.Contains(t, failUsage, name)
	}
}
