// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
)

// Codes of the Queues API. 11000, 11001 and 11004 were recorded live: alchemy-run/distilled pull request 273; the texts
// are from workers-sdk issue 5347 and deployment logs, as are codes and texts of 11003, 11005, 11009 and 10064. 100127
// and 100128: workers-sdk, packages/wrangler/src/queues/constants.ts. 10026: alchemy-run/distilled,
// packages/cloudflare/patches/queues. 10207 and 10208: developers.cloudflare.com/queues/reference/error-codes. The
// statuses are ours where nothing else is said.
const (
	codeQueueNotFound   = 11000
	codeNoQueueHandler  = 11001
	codeBadQueueName    = 11003
	codeConsumerExists  = 11004
	codeQueueInUse      = 11005
	codeQueueNameTaken  = 11009
	codeConsumerWorker  = 10064
	codeBadConsumer     = 100127
	codeBadQueue        = 100128
	codeBadRequestBody  = 10026
	codeBadMessage      = 10207
	codeBadMessagesJSON = 10208
)

// queueName is what a queue can be called: the rule that goes with code 11003.
var queueName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// messageQueue is a queue. Its messages are the broker's.
type messageQueue struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Created   timestamp     `json:"created"`
	Modified  timestamp     `json:"modified"`
	Purged    timestamp     `json:"purged"` // when last; zero: never
	Settings  queueSettings `json:"settings"`
	Consumers []*consumer   `json:"consumers,omitempty"` // one at most
}

// queueSettings are a queue's settings (cloudflare-go queues.QueueSettings).
type queueSettings struct {
	Delay     int  `json:"delivery_delay"` // seconds
	Paused    bool `json:"delivery_paused"`
	Retention int  `json:"message_retention_period"` // seconds
}

// defaultQueueSettings are those of a new queue (developers.cloudflare.com/queues/configuration/configure-queues).
func defaultQueueSettings() queueSettings {
	return queueSettings{Retention: int(queue.DefaultRetention / time.Second)}
}

// check refuses settings out of bounds: workers-sdk, packages/wrangler/src/queues/constants.ts.
func (s queueSettings) check() error {
	if s.Delay < 0 || s.Delay > 86400 || s.Retention < 60 || s.Retention > 1209600 {
		return refuse(http.StatusBadRequest, codeBadQueue, "Queue settings are invalid: delivery_delay must be between "+
			"0 and 86400, message_retention_period between 60 and 1209600.")
	}
	return nil
}

// queueView is a queue as the API shows it (cloudflare-go queues.Queue).
func (c *call) queueView(q *messageQueue) map[string]any {
	producers, consumers := []any{}, []any{}
	for _, script := range c.producers(q.Name) {
		producers = append(producers, map[string]any{"type": "worker", "script": script})
	}
	for _, consumer := range q.Consumers {
		consumers = append(consumers, consumer.view(q))
	}
	return map[string]any{
		"queue_id": q.ID, "queue_name": q.Name, "created_on": q.Created, "modified_on": q.Modified,
		"producers": producers, "producers_total_count": len(producers), "consumers": consumers,
		"consumers_total_count": len(consumers), "settings": q.Settings,
	}
}

// producers names the Workers that have a binding to the queue in a deployed version.
func (c *call) producers(name string) []string {
	var scripts []string
	for _, w := range sorted(c.account.Workers) {
		d := w.deployed()
		if d == nil {
			continue
		}
		if slices.ContainsFunc(d.Versions, func(s *share) bool {
			return slices.ContainsFunc(w.version(s.VersionID).Bindings, func(b binding) bool {
				return b.kind() == "queue" && b.text("queue_name") == name
			})
		}) {
			scripts = append(scripts, w.Name)
		}
	}
	return scripts
}

// queue returns the queue that the path names.
func (c *call) queue() (*messageQueue, error) {
	if q := c.account.Queues[c.path("queue")]; q != nil {
		return q, nil
	}
	return nil, refuse(http.StatusNotFound, codeQueueNotFound, "Queue '%s' does not exist.", c.path("queue"))
}

// queueNamed returns the queue of a name, or nil.
func (a *account) queueNamed(name string) *messageQueue {
	for _, q := range a.Queues {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// queuesByName returns the queues in the order of their names.
func (a *account) queuesByName() []*messageQueue {
	queues := sorted(a.Queues)
	slices.SortFunc(queues, func(a, b *messageQueue) int { return strings.Compare(a.Name, b.Name) })
	return queues
}

// listQueues answers GET /accounts/{account}/queues?name=&page=. Several names ask for all of them (workers-sdk,
// packages/deploy-helpers/src/triggers/queue-consumers.ts, which takes the first answer for the queue of the name).
func listQueues(c *call) (any, error) {
	views := []map[string]any{}
	names := c.r.URL.Query()["name"]
	for _, q := range c.account.queuesByName() {
		if len(names) == 0 || slices.Contains(names, q.Name) {
			views = append(views, c.queueView(q))
		}
	}
	return paged(c.r, views, 20), nil
}

// getQueue answers GET /accounts/{account}/queues/{queue}.
func getQueue(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	return c.queueView(q), nil
}

// createQueue answers POST /accounts/{account}/queues (cloudflare-go queues.QueueNewParams; workers-sdk,
// packages/wrangler/src/queues/cli/commands/create.ts, sends settings too).
func createQueue(c *call) (any, error) {
	q := &messageQueue{ID: newID(), Created: c.now(), Settings: defaultQueueSettings()}
	if err := c.configure(q); err != nil {
		return nil, err
	}
	c.account.Queues[q.ID] = q
	return c.queueView(q), nil
}

// editQueue answers PATCH /accounts/{account}/queues/{queue}: what is left out stays (workers-sdk,
// packages/wrangler/src/queues/cli/commands/pause-resume.ts sends one setting).
func editQueue(c *call) (any, error) { return c.reconfigure(false) }

// updateQueue answers PUT /accounts/{account}/queues/{queue} (cloudflare-go queues.QueueUpdateParams). That settings
// left out return to their defaults is a best guess.
func updateQueue(c *call) (any, error) { return c.reconfigure(true) }

func (c *call) reconfigure(whole bool) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	changed := *q
	if whole {
		changed.Settings = defaultQueueSettings()
	}
	if err := c.configure(&changed); err != nil {
		return nil, err
	}
	*q = changed
	return c.queueView(q), nil
}

// configure gives a queue the name and the settings in the body.
func (c *call) configure(q *messageQueue) error {
	want := struct {
		Name     string         `json:"queue_name"`
		Settings *queueSettings `json:"settings"`
	}{q.Name, &q.Settings}
	if err := c.decode(&want, codeBadRequestBody); err != nil {
		return err
	}
	if !queueName.MatchString(want.Name) {
		return refuse(http.StatusBadRequest, codeBadQueueName, "Queue name '%s' is invalid: it must be 1 to 63 characters: "+
			"lower-case letters, digits and, inside, -.", want.Name)
	}
	if other := c.account.queueNamed(want.Name); other != nil && other.ID != q.ID {
		return refuse(http.StatusConflict, codeQueueNameTaken,
			"Queue name '%s' is already taken. Please use a different name and try again.", want.Name)
	}
	if q.Name != "" && q.Name != want.Name && len(c.producers(q.Name))+len(c.buriers(q.Name)) > 0 {
		return refuse(http.StatusNotImplemented, 7000, "the emulator does not rename a queue that something refers to")
	}
	if err := q.Settings.check(); err != nil {
		return err
	}
	q.Name, q.Modified = want.Name, c.now()
	return nil
}

// buriers names the queues whose consumers have the queue as dead letter queue.
func (c *call) buriers(name string) []string {
	var names []string
	for _, q := range c.account.queuesByName() {
		if slices.ContainsFunc(q.Consumers, func(consumer *consumer) bool { return consumer.DeadLetterQueue == name }) {
			names = append(names, q.Name)
		}
	}
	return names
}

// deleteQueue answers DELETE /accounts/{account}/queues/{queue}, with its messages. It is refused while a deployed
// Worker is bound to the queue, or a consumer has it as dead letter queue. That a consumer of its own is no hindrance
// is a best guess.
func deleteQueue(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	if scripts := c.producers(q.Name); len(scripts) > 0 {
		return nil, refuse(http.StatusBadRequest, codeQueueInUse, "Cannot delete queue '%s' that is still referenced by a "+
			"binding in a Worker. Unbind queue '%s' from the Workers '%s'; then try again.", q.Name, q.Name,
			strings.Join(scripts, "', '"))
	}
	if len(c.buriers(q.Name)) > 0 {
		return nil, refuse(http.StatusBadRequest, codeQueueInUse,
			"Cannot delete queue '%s' that serves as dead letter queue for consumers", q.Name)
	}
	delete(c.account.Queues, q.ID)
	return nil, nil
}

// purgeQueue answers POST …/queues/{queue}/purge (cloudflare-go queues.PurgeStartParams).
func purgeQueue(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	var want struct {
		Permanently bool `json:"delete_messages_permanently"`
	}
	if err := c.decode(&want, codeBadRequestBody); err != nil {
		return nil, err
	}
	if !want.Permanently {
		return nil, refuse(http.StatusBadRequest, codeBadRequestBody, "delete_messages_permanently must be true")
	}
	if err := c.broker.Purge(c.account.ID, q.Name); err != nil {
		return nil, err
	}
	q.Purged = c.now()
	return c.queueView(q), nil
}

// getPurge answers GET …/queues/{queue}/purge (cloudflare-go queues.PurgeStatusResponse): purging takes no time here.
func getPurge(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	started := ""
	if !time.Time(q.Purged).IsZero() {
		started = q.Purged.String()
	}
	return map[string]any{"completed": "true", "started_at": started}, nil
}

// queueMetrics are what the API tells about a queue's backlog (cloudflare-go queues.QueueGetMetricsResponse).
func (c *call) queueMetrics(q *messageQueue) (map[string]any, error) {
	metrics, err := c.broker.Metrics(c.account.ID, q.Name)
	if err != nil {
		return nil, err
	}
	oldest := int64(0)
	if !metrics.Oldest.IsZero() {
		oldest = metrics.Oldest.UnixMilli()
	}
	return map[string]any{
		"backlog_bytes": metrics.Bytes, "backlog_count": metrics.Count, "oldest_message_timestamp_ms": oldest,
	}, nil
}

// getQueueMetrics answers GET …/queues/{queue}/metrics.
func getQueueMetrics(c *call) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	return c.queueMetrics(q)
}

// pushedMessage is a message that comes over the API (cloudflare-go queues.MessagePushParamsBodyUnion). JSON is the
// content type of one that names none (developers.cloudflare.com/queues/configuration/http-push).
type pushedMessage struct {
	Body        json.RawMessage `json:"body"`
	ContentType string          `json:"content_type"`
	Delay       *float64        `json:"delay_seconds"`
}

// message is the message as the broker takes it. Standard is the delay of one that has none; nil: the queue's.
func (p pushedMessage) message(standard *float64) (queue.NewMessage, error) {
	m := queue.NewMessage{ContentType: queue.JSON, Body: p.Body}
	if p.Delay == nil {
		p.Delay = standard
	}
	if p.Delay != nil {
		m.Delay = new(queue.Seconds(*p.Delay))
	}
	switch p.ContentType {
	case "", queue.JSON:
		if p.Body == nil {
			return m, refuse(http.StatusBadRequest, codeBadMessage, "message has no body")
		}
	case queue.Text:
		var text *string
		if err := json.Unmarshal(p.Body, &text); err != nil || text == nil {
			return m, refuse(http.StatusBadRequest, codeBadMessage, "body of a message of content type text must be a string")
		}
		m.ContentType, m.Body = queue.Text, []byte(*text)
	default:
		return m, refuse(http.StatusBadRequest, codeBadMessage, "content_type must be text or json, not %q", p.ContentType)
	}
	return m, nil
}

// pushMessage answers POST …/queues/{queue}/messages (cloudflare-go queues.MessagePushResponse).
func pushMessage(c *call) (any, error) {
	var pushed pushedMessage
	if err := c.decode(&pushed, codeBadMessagesJSON); err != nil {
		return nil, err
	}
	return c.push(nil, pushed)
}

// pushMessages answers POST …/queues/{queue}/messages/batch (cloudflare-go queues.MessageBulkPushParams).
func pushMessages(c *call) (any, error) {
	var pushed struct {
		Messages []pushedMessage `json:"messages"`
		Delay    *float64        `json:"delay_seconds"`
	}
	if err := c.decode(&pushed, codeBadMessagesJSON); err != nil {
		return nil, err
	}
	return c.push(pushed.Delay, pushed.Messages...)
}

func (c *call) push(delay *float64, pushed ...pushedMessage) (any, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	var messages []queue.NewMessage
	for _, p := range pushed {
		m, err := p.message(delay)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	if err := c.broker.Send(c.account.ID, q.Name, messages...); err != nil {
		if wrong, ok := errors.AsType[*queue.Error](err); ok {
			return nil, refuse(wrong.Status(), wrong.Code, "%s", wrong.Error())
		}
		return nil, err
	}
	metrics, err := c.queueMetrics(q)
	return map[string]any{"metadata": map[string]any{"metrics": metrics}}, err
}

// dumpQueues writes the account's queues with their messages.
func (s *Server) dumpQueues(w io.Writer, a *account) {
	for _, q := range a.queuesByName() {
		fmt.Fprintf(w, "  queue %s %s\n", q.Name, canonical(q.Settings))
		for _, consumer := range q.Consumers {
			fmt.Fprintf(w, "    consumer %s %q dead letter queue %q %s\n", consumer.Type, consumer.Script,
				consumer.DeadLetterQueue, canonical(consumer.Settings))
		}
		for _, m := range s.broker.Messages(a.ID, q.Name) {
			fmt.Fprintf(w, "    message %s %s attempts %d\n", m.ContentType, fingerprint(m.Body), m.Attempts)
		}
	}
}
