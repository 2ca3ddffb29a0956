// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

const (
	emailRules = zone + "/email/routing/rules"
	catchAll   = emailRules + "/catch_all"
)

// emailTo is a rule of Email Routing for an address.
func emailTo(address, action string, value ...string) object {
	rule := object{
		"matchers": []object{{"type": "literal", "field": "to", "value": address}},
		"actions":  []object{{"type": action, "value": value}},
	}
	if address == "" {
		rule["matchers"] = []object{{"type": "all"}}
	}
	return rule
}

type emailRule struct {
	ID, Tag, Name, Source string
	Enabled               bool
	Priority              int
	Matchers              []struct{ Type, Field, Value string }
	Actions               []struct {
		Type  string
		Value []string
	}
	Zone struct{ Tag, Name string }
}

func TestTheLifeOfAnEmailRule(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, &emulator.Server{DataDir: dir})
	empty := c.server.Dump()
	c.upload("post", hello, nil)
	before := c.server.Dump()
	var list []emailRule
	c.must(http.MethodGet, emailRules, nil, &list)
	require.Len(t, list, 1, "the catch-all rule is always there")
	assert.False(t, list[0].Enabled)
	assert.Equal(t, "drop", list[0].Actions[0].Type)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		c.refused(http.StatusConflict, 2020, method, emailRules+"/"+list[0].ID, emailTo("", "drop"))
		c.refused(http.StatusNotFound, 2019, method, emailRules+"/none", emailTo("a@example.com", "drop"))
	}
	c.refused(http.StatusConflict, 2020, http.MethodPost, emailRules, emailTo("", "worker", "post"))

	var made, got emailRule
	c.must(http.MethodPost, emailRules, emailTo("Info@example.com", "worker", "post"), &made)
	assert.True(t, made.Enabled)
	assert.Equal(t, "api", made.Source)
	assert.Equal(t, made.ID, made.Tag)
	c.refused(http.StatusConflict, 2014, http.MethodPost, emailRules, emailTo("info@EXAMPLE.com", "drop"))
	changed := emailTo("info@example.com", "forward", "me@example.org")
	changed["enabled"], changed["name"], changed["priority"] = false, "mine", 7
	c.must(http.MethodPut, emailRules+"/"+made.ID, changed, nil)
	c.must(http.MethodGet, emailRules+"/"+made.ID, nil, &got)
	assert.Equal(t, []string{"me@example.org"}, got.Actions[0].Value)
	assert.Equal(t, "mine", got.Name)
	assert.Equal(t, 7, got.Priority)
	assert.False(t, got.Enabled)
	all := emailTo("", "worker", "post")
	all["name"], all["source"], all["owner_worker_tag"] = "rest", "wrangler", "x"
	c.must(http.MethodPut, catchAll, all, nil)
	c.must(http.MethodGet, account+"/email/routing/rules?enabled=true", nil, &list)
	require.Len(t, list, 1)
	assert.Equal(t, "all", list[0].Matchers[0].Type)
	assert.Equal(t, emulator.DefaultZoneID, list[0].Zone.Tag)
	assert.Equal(t, "example.com", list[0].Zone.Name)
	c.must(http.MethodGet, emailRules+"?page=2&per_page=1", nil, &list)
	require.Len(t, list, 1)

	full := c.server.Dump()
	again := start(t, &emulator.Server{DataDir: dir}) // as after a restart
	assert.Equal(t, full, again.server.Dump())
	c.must(http.MethodGet, catchAll, nil, &got)
	assert.Equal(t, "wrangler", got.Source)
	c.must(http.MethodDelete, emailRules+"/"+made.ID, nil, nil)
	none := emailTo("", "drop")
	none["enabled"] = false
	c.must(http.MethodPut, catchAll, none, nil)
	assert.Equal(t, before, c.server.Dump())
	c.must(http.MethodDelete, scripts+"post", nil, nil)
	assert.Equal(t, empty, c.server.Dump())
}

func TestEmailRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	c := start(t, &emulator.Server{})
	before := c.server.Dump()
	two := emailTo("a@example.com", "drop")
	two["actions"] = []object{{"type": "drop"}, {"type": "drop"}}
	owned, negative := emailTo("a@example.com", "drop"), emailTo("a@example.com", "drop")
	owned["source"], negative["priority"] = "wrangler", -1
	foreign := emailTo("a@example.com", "drop")
	foreign["source"] = "mine"
	for name, wrong := range map[string]object{
		"no matcher": {"actions": []object{{"type": "drop"}}}, "two actions": two, "nobody's": owned, "source": foreign,
		"negative": negative, "no address": emailTo("example.com", "drop"), "action": emailTo("a@example.com", "bounce"),
		"another zone": emailTo("a@example.org", "drop"), "like the zone": emailTo("a@badexample.com", "drop"),
		"two destinations": emailTo("a@example.com", "forward", "a@example.org", "b@example.org"),
		"no Worker":        emailTo("a@example.com", "worker"),
	} {
		c.refused(http.StatusBadRequest, 2007, http.MethodPost, emailRules, wrong)
		assert.Equal(t, before, c.server.Dump(), name)
	}
	c.refused(http.StatusNotFound, 2016, http.MethodPost, emailRules, emailTo("a@example.com", "worker", "none"))
	c.refused(http.StatusNotFound, 2016, http.MethodPut, catchAll, emailTo("", "worker", "none"))
	c.refused(http.StatusBadRequest, 2007, http.MethodPut, catchAll, emailTo("a@example.com", "drop"))
	c.refused(http.StatusBadRequest, 2007, http.MethodPost, emailRules, "{")
	assert.Equal(t, before, c.server.Dump())
}

// postman notes in KV what mail it gets, and does what the subject says.
const postman = `export default { async email(message, { KV }) {
	const text = await new Response(message.raw).text();
	const subject = message.headers.get("subject");
	await KV.put("seen", [message.from, message.to, subject, message.rawSize === text.length, text.slice(-4)].join(" "));
	if (subject === "reject") message.setReject("no such person");
	if (subject === "forward") await message.forward("me@example.org");
	if (subject === "throw") throw new Error("out of paper");
	if (subject === "reply") await message.reply({});
} }`

func TestMailReachesWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	c, _ := run(t, &emulator.Server{})
	kv := c.namespace("notes")
	c.upload("post", postman, object{"bindings": []object{
		{"type": "kv_namespace", "name": "KV", "namespace_id": kv[len(namespaces)+1:]},
	}})
	off := emailTo("off@example.com", "worker", "post")
	off["enabled"] = false
	for _, rule := range []object{
		emailTo("info@example.com", "worker", "post"), emailTo("team@mail.example.com", "forward", "me@example.org"),
		emailTo("drop@example.com", "drop"), off,
	} {
		c.must(http.MethodPost, emailRules, rule, nil)
	}
	send := func(to, subject string) error {
		raw := "From: a@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: " + subject + "\r\n\r\ntext"
		return c.server.Receive(t.Context(), "a@example.org", to, []byte(raw))
	}
	seen := func() string {
		got := c.send(http.MethodGet, kv+"/values/seen", nil)
		if got.Status == http.StatusNotFound {
			return ""
		}
		c.must(http.MethodDelete, kv+"/values/seen", nil, nil)
		return got.Body
	}
	require.NoError(t, send("Info@Example.com", "hello"))
	assert.Equal(t, "a@example.org Info@Example.com hello true text", seen())
	var rejected *emulator.RejectedMailError
	require.ErrorAs(t, send("info@example.com", "reject"), &rejected)
	assert.Equal(t, "no such person", rejected.Reason)
	require.ErrorContains(t, send("info@example.com", "throw"), "out of paper")
	require.ErrorContains(t, send("info@example.com", "reply"), "does not have message.reply")
	seen()
	require.NoError(t, send("info@example.com", "forward"))
	require.NoError(t, send("team@mail.example.com", "x"))
	require.NoError(t, send("drop@example.com", "x"))
	mail := c.server.Mail()
	require.Len(t, mail, 2)
	assert.Equal(t, []string{"me@example.org"}, mail[0].To)
	assert.Equal(t, []string{"post", ""}, []string{mail[0].Worker, mail[1].Worker})
	seen()
	for _, to := range []string{"off@example.com", "who@example.com", "info@example.org", "info@badexample.com"} {
		require.ErrorAs(t, send(to, "x"), &rejected, to)
		assert.Contains(t, rejected.Reason, "550 5.1.1")
	}
	c.must(http.MethodPut, catchAll, emailTo("", "worker", "post"), nil)
	require.NoError(t, send("who@example.com", "rest"))
	assert.Contains(t, seen(), "who@example.com rest")
	require.NoError(t, send("drop@example.com", "x"))
	assert.Empty(t, seen(), "the catch-all rule comes last")

	// Over HTTP, as wrangler dev takes it.
	door := httptest.NewServer(c.server.FrontDoor())
	t.Cleanup(door.Close)
	post := func(query, subject string) (int, string) {
		body := strings.NewReader("From: a@example.org\r\nMessage-ID: <1@a>\r\nSubject: " + subject + "\r\n\r\ntext")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			door.URL+"/cdn-cgi/handler/email?from=a@example.org&"+query, body)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { require.NoError(t, response.Body.Close()) }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, strings.TrimSpace(string(text))
	}
	to := "to=" + url.QueryEscape("info@example.com")
	for _, try := range []struct {
		query, subject, answer string
		status                 int
	}{
		{to, "hello", "Worker successfully processed email", 200},
		{to, "reject", "Worker rejected email with the following reason: no such person", 400},
		{to, "throw", `email handler of Worker "post": Error: out of paper`, 500},
		{to + "&format=json", "hello", `{"outcome":"ok"}`, 200},
		{to + "&format=json", "reject", `{"outcome":"ok","rejectReason":"no such person"}`, 200},
		{to + "&format=json", "throw", `{"outcome":"exception"}`, 500},
	} {
		status, answer := post(try.query, try.subject)
		assert.Equal(t, try.status, status)
		assert.Equal(t, try.answer, answer)
	}
	status, answer := post("", "x")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer, "Invalid email")
}

func TestMailThatIsNoneIsRejected(t *testing.T) {
	t.Parallel()
	s := &emulator.Server{}
	var rejected *emulator.RejectedMailError
	for _, raw := range []string{"text", "From: a@example.org\r\n\r\ntext", strings.Repeat("x", 25<<20+1)} {
		require.ErrorAs(t, s.Receive(t.Context(), "a@example.org", "info@example.com", []byte(raw)), &rejected)
		assert.Contains(t, rejected.Reason, "message")
	}
}
