package cfimages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// tokens is a source that returns one token after the other, and the last again and
// again.
type tokens struct {
	list  []string
	calls int
}

func (s *tokens) next(context.Context) (string, error) {
	s.calls++
	return s.list[min(s.calls, len(s.list))-1], nil
}

// sent returns the Authorization headers of the requests, without "Bearer ".
func sent(transport *canned.Transport) []string {
	var tokens []string
	for _, req := range transport.Requests {
		tokens = append(tokens, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	}
	return tokens
}

const unauthorized = `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}`

func TestTokenSourceIsAskedBeforeEachAttempt(t *testing.T) {
	read := func(ctx context.Context, c *cfimages.Client) error { _, err := c.ImagesV1.Get(ctx, "img"); return err }
	update := func(ctx context.Context, c *cfimages.Client) error {
		_, err := c.ImagesV1.Update(ctx, "img", cfimages.UpdateParams{Creator: new("alice")})
		return err
	}
	create := func(ctx context.Context, c *cfimages.Client) error {
		_, err := c.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
		return err
	}
	tests := map[string]struct {
		call     func(context.Context, *cfimages.Client) error
		tokens   []string
		statuses []int // before a success
		asked    []string
		calls    int
		want     error
	}{
		"a success":                        {read, []string{"a"}, nil, []string{"a"}, 1, nil},
		"an outage during a rotation":      {read, []string{"a", "b"}, []int{503}, []string{"a", "b"}, 2, nil},
		"a read, rotated":                  {read, []string{"a", "b"}, []int{401}, []string{"a", "b"}, 2, nil},
		"an update, rotated":               {update, []string{"a", "b"}, []int{401}, []string{"a", "b"}, 2, nil},
		"a read, not rotated":              {read, []string{"a"}, []int{401}, []string{"a"}, 2, cfimages.ErrUnauthorized},
		"a read, rotated to a bad token":   {read, []string{"a", "b", "c"}, []int{401, 401}, []string{"a", "b"}, 2, cfimages.ErrUnauthorized},
		"a read, rotated after an outage":  {read, []string{"a", "a", "b"}, []int{503, 401}, []string{"a", "a", "b"}, 3, nil},
		"a read, rotated before an outage": {read, []string{"a", "b"}, []int{401, 503}, []string{"a", "b", "b"}, 3, nil},
		"a read that is forbidden":         {read, []string{"a", "b"}, []int{403}, []string{"a"}, 1, cfimages.ErrForbidden},
		"a create, which is not retried":   {create, []string{"a", "b"}, []int{401}, []string{"a"}, 1, cfimages.ErrUnauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := new(canned.Transport)
				for _, status := range tt.statuses {
					transport.Then(status, unauthorized)
				}
				transport.Then(200, canned.Image)
				source := &tokens{list: tt.tokens}
				client := newClient(t, transport, cfimages.WithTokenSource(source.next), cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
				err := tt.call(t.Context(), client)
				assert.Equal(t, tt.asked, sent(transport))
				assert.Equal(t, tt.calls, source.calls)
				if tt.want == nil {
					assert.NoError(t, err)
					return
				}
				rejected, ok := errors.AsType[*cfimages.Error](err)
				require.True(t, ok, "%v", err)
				assert.ErrorIs(t, err, tt.want)
				assert.Equal(t, len(tt.asked), rejected.Attempts)
				assert.NotContains(t, err.Error(), "while waiting")
			})
		})
	}
}

// One attempt is one attempt: the policy counts the one after a 401 as well.
func TestTokenSourceKeepsToTheRetryPolicy(t *testing.T) {
	source := &tokens{list: []string{"a", "b"}}
	transport := new(canned.Transport).Then(401, unauthorized).Then(200, canned.Image)
	_, err := newClient(t, transport, cfimages.WithTokenSource(source.next)).ImagesV1.Get(t.Context(), "img")
	require.ErrorIs(t, err, cfimages.ErrUnauthorized)
	assert.Equal(t, 1, source.calls)
}

func TestTokenSourceThatFails(t *testing.T) {
	closed := errors.New("the secret store is sealed")
	tests := map[string]struct {
		token string
		err   error
		says  string
	}{
		"an error":          {"canary", closed, "the token source failed: the secret store is sealed"},
		"no token":          {"", nil, "empty"},
		"a line break":      {"canary\r\nX-Evil: 1", nil, "visible ASCII"},
		"a space":           {"canary canary", nil, "visible ASCII"},
		"not ASCII":         {"canaryé", nil, "visible ASCII"},
		"a token too large": {strings.Repeat("canary", 1000), nil, "4096"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			source := func(context.Context) (string, error) { calls++; return tt.token, tt.err }
			transport := canned.JSON(canned.Image)
			client := newClient(t, transport, cfimages.WithTokenSource(source), cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy()))
			_, err := client.ImagesV1.Get(t.Context(), "img")
			require.Error(t, err)
			assert.ErrorContains(t, err, "cfimages: ImagesV1.Get: the token source ")
			assert.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), "canary")
			assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
			assert.Equal(t, tt.err != nil, errors.Is(err, closed))
			assert.Equal(t, 1, calls)
			assert.Empty(t, transport.Requests)
			_, err = client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
			assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		})
	}
}

// A source that fails for long does not spend the known rate limit.
func TestTokenSourceThatFailsCostsNoQuota(t *testing.T) {
	sealed := errors.New("sealed")
	var fails error
	transport := new(canned.Transport).Then(200, canned.Image, "Ratelimit", `"default";r=5;t=60`)
	client := newClient(t, transport, cfimages.WithTokenSource(func(context.Context) (string, error) { return "a", fails }))
	_, err := client.ImagesV1.Get(t.Context(), "img")
	require.NoError(t, err)
	fails = sealed
	for range 10 {
		_, err = client.ImagesV1.Get(t.Context(), "img")
		require.ErrorIs(t, err, sealed)
	}
	assert.Equal(t, 5, client.RateLimit().Remaining)
}

// After a wait for the rate limit, the token that the source returned before may have
// expired.
func TestTokenSourceIsAskedAgainAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sealed := errors.New("sealed")
		asked, fails := 0, 0 // the number of the call that fails
		source := func(context.Context) (string, error) {
			if asked++; asked == fails {
				return "", sealed
			}
			return fmt.Sprint("token-", asked), nil
		}
		transport := new(canned.Transport).Then(200, canned.Image, "Ratelimit", `"default";r=0;t=30`)
		policy := cfimages.RetryPolicy{MaxAttempts: 1, MaxWait: time.Minute}
		client := newClient(t, transport, cfimages.WithTokenSource(source), cfimages.WithRetryPolicy(policy))
		get := func() error { _, err := client.ImagesV1.Get(t.Context(), "img"); return err }
		start := time.Now()
		require.NoError(t, get())
		require.NoError(t, get())
		assert.Equal(t, 30*time.Second, time.Since(start))
		assert.Equal(t, []string{"token-1", "token-3"}, sent(transport))

		fails = 5
		require.ErrorIs(t, get(), sealed)
		require.NoError(t, get(), "the request that was not sent does not block others")
		assert.Len(t, transport.Requests, 3)
	})
}

// A panic of the source occurs in the goroutine of the caller, even if the page is
// prefetched.
func TestPanicOfATokenSource(t *testing.T) {
	b := newBook(ids(0, 150), ids(150, 150))
	asked := 0
	source := func(context.Context) (string, error) {
		if asked++; asked == 2 {
			panic("mine")
		}
		return "a", nil
	}
	client := newClient(t, b, cfimages.WithTokenSource(source))
	assert.PanicsWithValue(t, "mine", func() { _, _ = collect(client.ImagesV2.All(t.Context(), cfimages.ListParams{})) })
	got, err := collect(client.ImagesV2.All(t.Context(), cfimages.ListParams{}))
	require.NoError(t, err)
	assert.Len(t, got, 300)
}

func TestTokenSourceIsCanceledWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", errors.New("gave up") }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := newClient(t, canned.JSON(canned.Image), cfimages.WithTokenSource(waits)).ImagesV1.Get(ctx, "img")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTokenOfASourceIsNotPrinted(t *testing.T) {
	source := &tokens{list: []string{"canary-token-1", "canary-token-2", "canary-token-3"}}
	for _, shape := range []string{`%s`, `{"success":false,"errors":[{"code":1,"message":"%s"}]}`, `{"result":{"%s":}}`} {
		for _, status := range []int{200, 401, 500} {
			var out bytes.Buffer
			debug := cfimages.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
			transport := new(canned.Transport).ThenDo(func(req *http.Request) (*http.Response, error) {
				return canned.Response(status, fmt.Sprintf(shape, req.Header.Get("Authorization")), "Cf-Ray", req.Header.Get("Authorization")), nil
			})
			client := newClient(t, transport, cfimages.WithTokenSource(source.next), debug)
			_, err := client.ImagesV1.Get(t.Context(), "img")
			require.Error(t, err)
			fmt.Fprintf(&out, "%v %+v %#v %+v %#v", err, err, err, client, client)
			assert.NotContains(t, out.String(), "canary")
			assert.Contains(t, out.String(), "[redacted]")
		}
	}
	lost := new(canned.Transport).ThenDo(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("cannot send %v", req.Header)
	})
	_, err := newClient(t, lost, cfimages.WithTokenSource(source.next)).ImagesV1.Get(t.Context(), "img")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "canary")
}

func TestTokenSourceReplacesOtherCredentials(t *testing.T) {
	environment(t, "CLOUDFLARE_API_TOKEN", "of-the-environment")
	source := cfimages.WithTokenSource(func(context.Context) (string, error) { return "of-the-source", nil })
	tests := map[string]struct {
		opts []cfimages.Option
		want string
	}{
		"the environment":  {[]cfimages.Option{source}, "of-the-source"},
		"an earlier token": {[]cfimages.Option{cfimages.WithAPIToken("of-the-option"), source}, "of-the-source"},
		"an earlier key":   {[]cfimages.Option{cfimages.WithAPIKey("me@example.com", "key"), source}, "of-the-source"},
		"not a later one":  {[]cfimages.Option{source, cfimages.WithAPIToken("of-the-option")}, "of-the-option"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transport := canned.JSON(canned.Image)
			_, err := newClient(t, transport, tt.opts...).ImagesV1.Get(t.Context(), "img")
			require.NoError(t, err)
			assert.Equal(t, []string{tt.want}, sent(transport))
			assert.Empty(t, transport.Requests[0].Header.Get("X-Auth-Key"))
		})
	}
	_, err := cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithTokenSource(nil))
	require.ErrorIs(t, err, cfimages.ErrInvalidParams)
	assert.NotNil(t, paramError(err, "WithTokenSource"))
	assert.Len(t, paramErrors(t, err), 1, "%v", err)
	_, err = cfimages.NewClient(cfimages.WithAccountID("acc"), cfimages.WithTokenSource(nil), cfimages.WithAPIToken(""))
	assert.Len(t, paramErrors(t, err), 2, "%v", err)
}
