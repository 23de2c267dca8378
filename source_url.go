package cfimages

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf8"
)

// minLongSecret is the length, as written, from which a user name or a value of a
// query is treated as a secret. Shorter values, such as sizes and formats, stay
// readable in texts.
const minLongSecret = 16

// checkSourceURL returns the parts of a URL that must not appear in texts, as written.
// Its error does not quote the URL.
func checkSourceURL(sourceURL string) (secrets []string, err error) {
	reject := func(reason string) ([]string, error) { return nil, &ParamError{Param: "sourceURL", Reason: reason} }
	u, err := url.Parse(sourceURL)
	switch {
	case err != nil || !utf8.ValidString(sourceURL):
		return reject("is not a valid URL: give one such as https://example.com/cat.png")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return reject("is not an absolute http or https URL: give one such as https://example.com/cat.png")
	}
	_, fragment, _ := strings.Cut(sourceURL, "#")
	secrets = append(longValues(u.RawQuery), longValues(fragment)...)
	if u.User != nil {
		secrets = append(secrets, userSecrets(sourceURL, u.User)...)
	}
	return secrets, nil
}

// longValues returns the long values of a query. url.ParseQuery would leave out invalid
// ones. For some servers, a semicolon ends a value, and for others it is a part of it.
func longValues(query string) []string {
	var values []string
	for part := range strings.SplitSeq(query, "&") {
		for _, parameter := range append(strings.Split(part, ";"), part) {
			_, value, _ := strings.Cut(parameter, "=")
			if strings.Trim(value, "=") == "" { // such as a token that ends in padding
				value = parameter
			}
			if len(value) >= minLongSecret {
				values = append(values, value)
			}
		}
	}
	return values
}

// userSecrets returns the password, or without one the user name. A long user name is
// probably a token, even with a password such as x-oauth-basic.
func userSecrets(sourceURL string, user *url.Userinfo) []string {
	_, rest, _ := strings.Cut(sourceURL, "//")
	rest = rest[:strings.IndexAny(rest+"/", "/?#")]
	written := rest[:max(0, strings.LastIndexByte(rest, '@'))]
	writtenName, writtenPassword, _ := strings.Cut(written, ":")
	name := user.Username()
	password, _ := user.Password()
	secrets := []string{password, writtenPassword, basicAuth(name, password), basicAuth(writtenName, writtenPassword)}
	if password == "" || len(writtenName) >= minLongSecret {
		secrets = append(secrets, name, writtenName)
	}
	return secrets
}

// basicAuth returns what an Authorization header contains.
func basicAuth(name, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
}
