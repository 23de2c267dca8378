package cfimages

import (
	"html"
	"net/url"
	"strings"
	"unicode/utf8"
)

// minQuerySecret is the length from which a value of a query is treated as a secret.
// Shorter values, such as sizes and formats, stay readable in texts.
const minQuerySecret = 16

// checkSourceURL returns the parts of a URL that must not appear in texts. Its error does
// not quote the URL.
func checkSourceURL(sourceURL string) (secrets []string, err error) {
	reject := func(reason string) ([]string, error) { return nil, &ParamError{Param: "sourceURL", Reason: reason} }
	u, err := url.Parse(sourceURL)
	switch {
	case err != nil || !utf8.ValidString(sourceURL):
		return reject("is not a valid URL: give one such as https://example.com/cat.png")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return reject("is not an absolute http or https URL: give one such as https://example.com/cat.png")
	}
	if u.User != nil {
		secrets = userSecrets(sourceURL, u.User)
	}
	for _, values := range u.Query() {
		for _, value := range values {
			if len(value) >= minQuerySecret {
				secrets = append(secrets, value, url.QueryEscape(value), url.PathEscape(value))
			}
		}
	}
	return secrets, nil
}

// userSecrets returns the password in all forms in which a server may return it.
// Without a password, the user name is the secret.
func userSecrets(sourceURL string, user *url.Userinfo) []string {
	password, ok := user.Password()
	if !ok {
		password = user.Username()
	}
	_, rest, _ := strings.Cut(sourceURL, "//")
	rest = rest[:strings.IndexAny(rest+"/", "/?#")]
	written := rest[:max(0, strings.LastIndexByte(rest, '@'))]
	if ok {
		_, written, _ = strings.Cut(written, ":")
	}
	_, encoded, _ := strings.Cut(url.UserPassword("", password).String(), ":")
	return []string{password, written, encoded, url.QueryEscape(password), url.PathEscape(password), html.EscapeString(password)}
}
