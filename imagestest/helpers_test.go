package imagestest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// png is the part of a PNG that the server checks.
const png = "\x89PNG\r\n\x1a\n and the rest"

// result is the part of a response that the tests use.
type result struct {
	Status  int
	Header  http.Header
	Body    string
	Success bool
	Errors  []struct {
		Code    int
		Message string
	}
	Result struct {
		ID                string
		UploadURL         string
		Creator           *string
		Filename          string
		Meta              json.RawMessage
		RequireSignedURLs bool
		Uploaded          string
		Variants          deliveryURLs
		Draft             bool
		ContinuationToken *string `json:"continuation_token"`
		Images            []struct{ ID string }
		Keys              []struct{ Name, Value string }
	}
}

// deliveryURLs are the variants of an image. The variants of an account, an object, are
// ignored.
type deliveryURLs []string

func (u *deliveryURLs) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("{")) {
		return nil
	}
	return json.Unmarshal(text, (*[]string)(u))
}

// message returns the message of the first error, or "" for a success.
func (r result) message() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Message
}

func (r result) ids() []string {
	ids := []string{}
	for _, img := range r.Result.Images {
		ids = append(ids, img.ID)
	}
	return ids
}

func newServer(t testing.TB, opts ...imagestest.Option) *imagestest.Server {
	srv := imagestest.NewServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}

func do(t testing.TB, srv *imagestest.Server, req *http.Request) result {
	t.Helper()
	resp, err := srv.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	r := result{}
	if resp.Header.Get("Content-Type") == "application/json" && len(body) > 0 {
		require.NoError(t, json.Unmarshal(body, &r), "%s", body)
	}
	r.Status, r.Header, r.Body = resp.StatusCode, resp.Header, string(body)
	return r
}

func newRequest(t testing.TB, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// api sends an API request with the token to a path below /accounts/<AccountID>.
func api(t testing.TB, srv *imagestest.Server, method, path string, headers ...string) result {
	t.Helper()
	headers = append([]string{"Authorization", "Bearer " + imagestest.APIToken}, headers...)
	return do(t, srv, newRequest(t, method, accountURL(srv)+path, nil, headers...))
}

func list(t testing.TB, srv *imagestest.Server, query string) result {
	t.Helper()
	return api(t, srv, "GET", "/images/v2?"+query)
}

func accountURL(srv *imagestest.Server) string {
	return srv.URL() + "/accounts/" + imagestest.AccountID
}

// create creates a direct upload with form fields given as name, value, ….
func create(t testing.TB, srv *imagestest.Server, fields ...string) result {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		require.NoError(t, form.WriteField(fields[i], fields[i+1]))
	}
	require.NoError(t, form.Close())
	return do(t, srv, newRequest(t, "POST", accountURL(srv)+"/images/v2/direct_upload", &body,
		"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", form.FormDataContentType()))
}

// apiJSON sends an API request with the token and a JSON body.
func apiJSON(t testing.TB, srv *imagestest.Server, method, path, body string) result {
	t.Helper()
	return do(t, srv, newRequest(t, method, accountURL(srv)+path, strings.NewReader(body),
		"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", "application/json; charset=utf-8"))
}

// uploadImage sends a form to images/v1 with fields given as name, value, …. The field
// named file is sent as a file.
func uploadImage(t testing.TB, srv *imagestest.Server, fields ...string) result {
	t.Helper()
	contentType, body := imageForm(t, fields...)
	return do(t, srv, newRequest(t, "POST", accountURL(srv)+"/images/v1", body,
		"Authorization", "Bearer "+imagestest.APIToken, "Content-Type", contentType))
}

func imageForm(t testing.TB, fields ...string) (contentType string, body *bytes.Buffer) {
	t.Helper()
	body = new(bytes.Buffer)
	form := multipart.NewWriter(body)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] != "file" {
			require.NoError(t, form.WriteField(fields[i], fields[i+1]))
			continue
		}
		file, err := form.CreateFormFile("file", "a.png")
		require.NoError(t, err)
		_, err = io.WriteString(file, fields[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	return form.FormDataContentType(), body
}

// upload sends a file to a one-time URL.
func upload(t testing.TB, srv *imagestest.Server, url, filename, content string, headers ...string) result {
	t.Helper()
	filename = strings.ReplaceAll(filename, `"`, `\"`)
	head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + filename + "\"\r\n\r\n"
	body := strings.NewReader(head + content + "\r\n--b--\r\n")
	headers = append([]string{"Content-Type", "multipart/form-data; boundary=b"}, headers...)
	return do(t, srv, newRequest(t, "POST", url, body, headers...))
}

// imagesNamed returns images with these IDs.
func imagesNamed(ids ...string) []cfimages.Image {
	var images []cfimages.Image
	for _, id := range ids {
		images = append(images, cfimages.Image{ID: id})
	}
	return images
}

// numbered returns n images with the IDs 000, 001 and so on.
func numbered(n int) []cfimages.Image {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%03d", i))
	}
	return imagesNamed(ids...)
}

// onEveryNetwork runs a test over HTTP/1.1 and HTTP/2, over TCP and in memory with virtual
// time.
func onEveryNetwork(t *testing.T, test func(t *testing.T, srv *imagestest.Server)) {
	overTCP(t, "HTTP/1.1", test)
	overTCP(t, "HTTP/2", test, imagestest.WithHTTP2())
	inMemory(t, test)
}

func inMemory(t *testing.T, test func(t *testing.T, srv *imagestest.Server)) {
	inBubble(t, "HTTP/1.1", test)
	inBubble(t, "HTTP/2", test, imagestest.WithHTTP2())
}

func overHTTP2(t *testing.T, test func(t *testing.T, srv *imagestest.Server)) {
	overTCP(t, "HTTP/2", test, imagestest.WithHTTP2())
	inBubble(t, "HTTP/2", test, imagestest.WithHTTP2())
}

func overTCP(t *testing.T, protocol string, test func(t *testing.T, srv *imagestest.Server), opts ...imagestest.Option) {
	t.Run(protocol+" TCP", func(t *testing.T) {
		srv := newServer(t, opts...)
		test(t, srv)
		assert.Empty(t, srv.Unused())
	})
}

func inBubble(t *testing.T, protocol string, test func(t *testing.T, srv *imagestest.Server), opts ...imagestest.Option) {
	t.Run(protocol+" memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, append(opts, imagestest.InMemory())...)
			test(t, srv)
			assert.Empty(t, srv.Unused())
		})
	})
}
