package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// TestSoakRuns shows that the command works. It does not check the promises or the
// incidents, because calls may fail or be slow on a busy machine.
func TestSoakRuns(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), []string{"-for", "1s", "-goroutines", "8", "-every", "50ms", "-restart", "300ms", "-timeout", "2s", "-outages=false"}, &out)
	if err != nil {
		require.ErrorIs(t, err, errBroken, out.String())
	}
	for _, text := range []string{"| all ", "| All ", "| Wait ", "| drafts created on the server", "| goroutines left "} {
		assert.Contains(t, out.String(), text)
	}
}

// TestInjectorCountsIncidents injects the first incident of a seed, a GOAWAY in the
// response to a Get.
func TestInjectorCountsIncidents(t *testing.T) {
	s, err := newSite()
	require.NoError(t, err)
	defer s.close()
	client, transport := s.newClient()
	defer transport.CloseIdleConnections()
	injector := newInjector(plan{seed: 27}, s)
	injector.inject()
	injector.settle()
	assert.Empty(t, injector.counts, "it waits for a request")

	_, err = client.ImagesV1.Get(t.Context(), galleryID(0))
	require.NoError(t, err)
	injector.settle()
	assert.Equal(t, map[string]int{"GOAWAY": 1}, injector.counts)
}

func TestParsePlanRejects(t *testing.T) {
	for args, want := range map[string]string{
		"-for 0s":       "durations must be positive",
		"-downtime -1s": "durations must be positive",
		"-goroutines 0": "must be 1 or more",
		"now":           `unexpected argument "now"`,
	} {
		_, err := parsePlan(strings.Fields(args))
		assert.ErrorContains(t, err, want)
	}
}

func TestStoryFindsProblems(t *testing.T) {
	draft, image := &cfimages.Image{Draft: true}, &cfimages.Image{}
	whole := picture("soak/0/0")
	for name, c := range map[string]struct {
		story   story
		img     *cfimages.Image
		content []byte
		want    string
	}{
		"a draft":                           {story{created: done}, draft, nil, ""},
		"a draft that is lost":              {story{created: done}, nil, nil, "exists: false"},
		"a failed create":                   {story{created: failed}, nil, nil, ""},
		"a failed create that happened":     {story{created: failed}, draft, nil, "exists: true"},
		"an unknown create that happened":   {story{created: unknown, found: true}, draft, nil, ""},
		"… and was found late":              {story{created: unknown, late: true}, draft, nil, ""},
		"… and was not found":               {story{created: unknown}, draft, nil, "exists: true"},
		"an unknown create that did not":    {story{created: unknown}, nil, nil, ""},
		"an upload":                         {story{created: done, uploaded: done}, image, whole, ""},
		"an upload that did not happen":     {story{created: done, uploaded: done}, draft, nil, "is a draft"},
		"an upload that is truncated":       {story{created: done, uploaded: done}, image, whole[:9], "9 bytes instead of"},
		"an unknown upload that happened":   {story{created: done, uploaded: unknown}, image, whole, ""},
		"… and is truncated":                {story{created: done, uploaded: unknown}, image, whole[:9], "9 bytes instead of"},
		"an unknown upload that did not":    {story{created: done, uploaded: unknown}, draft, nil, ""},
		"a failed upload that happened":     {story{created: done, uploaded: failed}, image, whole, "without an upload"},
		"a deletion":                        {story{created: done, deleted: done}, nil, nil, ""},
		"a deletion that did not happen":    {story{created: done, deleted: done}, draft, nil, "after its deletion"},
		"a deletion that failed, and is as": {story{created: done, deleted: failed}, draft, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.id = "soak/0/0"
			problem := c.story.problem(c.img, c.content)
			if c.want == "" {
				assert.Empty(t, problem)
				return
			}
			assert.Contains(t, problem, c.want)
		})
	}
}

// TestNetworkRestarts shows that a restart closes connections, and that new ones are
// accepted afterwards.
func TestNetworkRestarts(t *testing.T) {
	s, err := newSite()
	require.NoError(t, err)
	defer s.close()
	client, transport := s.newClient(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	defer transport.CloseIdleConnections()
	get := func() error {
		_, err := client.ImagesV1.Get(t.Context(), galleryID(0))
		return err
	}
	require.NoError(t, get())
	made, open := s.network.connections()
	assert.Equal(t, []int{1, 1}, []int{made, open})

	s.network.down(true)
	assert.Error(t, get())
	require.NoError(t, s.network.up())
	require.NoError(t, get())
	made, _ = s.network.connections()
	assert.Equal(t, 2, made)
}
