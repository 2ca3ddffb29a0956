// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	_ "embed" // the resource's documentation
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

var (
	_ infer.Annotated                                   = (*Queue)(nil)
	_ infer.Annotated                                   = (*QueueArgs)(nil)
	_ infer.Annotated                                   = (*QueueState)(nil)
	_ infer.Annotated                                   = (*QueueSettings)(nil)
	_ infer.CustomCheck[QueueArgs]                      = (*Queue)(nil)
	_ infer.CustomResource[QueueArgs, QueueState]       = (*Queue)(nil)
	_ infer.CustomUpdate[QueueArgs, QueueState]         = (*Queue)(nil)
	_ infer.CustomRead[QueueArgs, QueueState]           = (*Queue)(nil)
	_ infer.CustomDelete[QueueState]                    = (*Queue)(nil)
	_ infer.ExplicitDependencies[QueueArgs, QueueState] = (*Queue)(nil)
)

// Queue is a queue of Cloudflare Queues.
type Queue struct{}

// QueueArgs are the inputs of a [Queue].
type QueueArgs struct {
	AccountID string         `pulumi:"accountId,optional" provider:"replaceOnChanges"`
	Name      string         `pulumi:"name,optional"      provider:"replaceOnChanges"`
	Settings  *QueueSettings `pulumi:"settings,optional"`
}

// QueueSettings are the settings of a [Queue]. What is nil is left to Cloudflare.
type QueueSettings struct {
	DeliveryDelay          *int  `pulumi:"deliveryDelay,optional"`
	DeliveryPaused         *bool `pulumi:"deliveryPaused,optional"`
	MessageRetentionPeriod *int  `pulumi:"messageRetentionPeriod,optional"`
}

// QueueState is a [Queue] as last seen.
type QueueState struct {
	QueueArgs
	QueueID string `pulumi:"queueId"`
}

//go:embed doc/queue.md
var queueDoc string

const maxQueueName = 63 // characters

// queueName is what Cloudflare says with code 11003 of a name that it refuses.
var queueName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Bounds in seconds: workers-sdk, packages/wrangler/src/queues/constants.ts.
const (
	maxQueueDelay = 86400
	minRetention  = 60
	maxRetention  = 1209600
)

// defaultQueueSettings are those of a new queue:
// https://developers.cloudflare.com/queues/configuration/configure-queues/
func defaultQueueSettings() cfapi.QueueSettings {
	return cfapi.QueueSettings{DeliveryDelay: new(0), DeliveryPaused: new(false), MessageRetentionPeriod: new(345600)}
}

// Annotate describes the resource.
func (q *Queue) Annotate(a infer.Annotator) { a.Describe(&q, strings.TrimSpace(queueDoc)) }

// Annotate describes the inputs.
func (q *QueueArgs) Annotate(a infer.Annotator) {
	a.Describe(&q.AccountID, "The Cloudflare account (32 hex digits). Default: the provider's `accountId`. "+
		"Changing it replaces the queue, and its messages are lost.")
	a.Describe(&q.Name, "The queue's name, unique in the account: 1 to 63 lower-case letters, digits and `-`. Default: "+
		"the resource's name and 7 hex digits that differ from stack to stack. Changing it replaces the queue, and its "+
		"messages are lost.")
	a.Describe(&q.Settings, "How messages are kept and delivered. They can be changed in place. A setting that is left "+
		"out is left to Cloudflare and to others; one that is removed from the program returns to Cloudflare's. "+
		"Default: all are left out.")
}

// Annotate describes the type.
func (s *QueueSettings) Annotate(a infer.Annotator) {
	a.Describe(&s, "How messages are kept and delivered.")
	a.Describe(&s.DeliveryDelay, "Seconds for which a message that names no delay is held back, 0 to 86400. Default: 0.")
	a.Describe(&s.DeliveryPaused, "Whether consumers get nothing, while messages are accepted and kept. Default: false.")
	a.Describe(&s.MessageRetentionPeriod, "Seconds for which a message is kept, 60 to 1209600 (14 days). Default: "+
		"345600 (4 days), or what the account's plan allows.")
}

// Annotate describes the outputs.
func (q *QueueState) Annotate(a infer.Annotator) {
	a.Describe(&q.QueueID, "Cloudflare's id of the queue, 32 hex digits; the same as the resource's `id`.")
}

// WireDependencies keeps the id known unless the queue is replaced.
func (*Queue) WireDependencies(f infer.FieldSelector, in *QueueArgs, out *QueueState) {
	f.OutputField(&out.QueueID).DependsOn(f.InputField(&in.AccountID), f.InputField(&in.Name))
}

// Check fills in account and name, and validates the settings.
func (q *Queue) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[QueueArgs], error) {
	args, failures, err := infer.DefaultCheck[QueueArgs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[QueueArgs]{Inputs: args, Failures: failures}, err
	}
	c := &checker{inputs: req.NewInputs, failures: checkAccount(ctx, &args.AccountID, req.NewInputs)}
	if args.Name == "" && !computed(req.NewInputs, "name") {
		args.Name = autoname(ctx, req, "name", maxQueueName)
	}
	c.fail(args.Name != "" && !queueName.MatchString(args.Name), []string{"name"}, "%q is not a queue's name: 1 to %d "+
		"lower-case letters, digits and \"-\", not at either end", args.Name, maxQueueName)
	seconds := func(name string, value *int, least, most int) {
		c.fail(value != nil && (*value < least || *value > most), []string{"settings", name}, "must be %d to %d seconds",
			least, most)
	}
	if args.Settings != nil {
		seconds("deliveryDelay", args.Settings.DeliveryDelay, 0, maxQueueDelay)
		seconds("messageRetentionPeriod", args.Settings.MessageRetentionPeriod, minRetention, maxRetention)
	}
	return infer.CheckResponse[QueueArgs]{Inputs: args, Failures: c.failures}, nil
}

// api is the settings as Cloudflare's client has them.
func (s *QueueSettings) api() cfapi.QueueSettings {
	if s == nil {
		return cfapi.QueueSettings{}
	}
	return cfapi.QueueSettings(*s)
}

// Create makes the queue.
func (q *Queue) Create(
	ctx context.Context, req infer.CreateRequest[QueueArgs],
) (infer.CreateResponse[QueueState], error) {
	args := req.Inputs
	resp := infer.CreateResponse[QueueState]{Output: QueueState{QueueArgs: args}}
	if req.DryRun {
		return resp, nil
	}
	ctx, done, err := settled(ctx)
	defer done()
	if err != nil {
		return resp, err
	}
	started := time.Now()
	made, err := api(ctx).CreateQueue(ctx, args.AccountID, args.Name, args.Settings.api())
	if cfapi.LostResponse(err) {
		made, err = findQueue(ctx, args, started, err)
	}
	if err != nil {
		return resp, explain(err)
	}
	resp.ID, resp.Output.QueueID = made.ID, made.ID
	return resp, nil
}

// findQueue settles a create whose answer was lost. A queue of that name is the
// one that was made unless it is older than the attempt.
func findQueue(ctx context.Context, args QueueArgs, started time.Time, cause error) (cfapi.Queue, error) {
	list, err := api(ctx).Queues(ctx, args.AccountID)
	if err != nil {
		return cfapi.Queue{}, errors.Join(cause, err)
	}
	for _, is := range list {
		if is.Name != args.Name {
			continue
		}
		if is.CreatedOn.Before(started.Add(-clockSkew)) {
			return cfapi.Queue{}, &cfapi.Error{
				Op: "create queue \"" + args.Name + "\"", Kind: cfapi.ErrConflict, API: cfapi.APIQueues,
				Codes: []cfapi.Code{{Code: codeQueueExists, Message: "it exists since " + timestamp(is.CreatedOn)}},
			}
		}
		return is, nil
	}
	return cfapi.Queue{}, cause
}

// Update changes the settings.
func (q *Queue) Update(
	ctx context.Context, req infer.UpdateRequest[QueueArgs, QueueState],
) (infer.UpdateResponse[QueueState], error) {
	next := req.State
	next.QueueArgs = req.Inputs
	changes := changedSettings(req.State.Settings.api(), req.Inputs.Settings.api())
	if req.DryRun || changes == (cfapi.QueueSettings{}) {
		return infer.UpdateResponse[QueueState]{Output: next}, nil
	}
	if _, err := api(ctx).UpdateQueue(ctx, next.AccountID, next.QueueID, next.Name, changes); err != nil {
		return infer.UpdateResponse[QueueState]{Output: req.State}, explain(err)
	}
	return infer.UpdateResponse[QueueState]{Output: next}, nil
}

// changedSettings are those of next that are not as they were. One that is not
// mentioned any more returns to its default.
func changedSettings(was, next cfapi.QueueSettings) cfapi.QueueSettings {
	defaults := defaultQueueSettings()
	return cfapi.QueueSettings{
		DeliveryDelay:  changedSetting(was.DeliveryDelay, next.DeliveryDelay, defaults.DeliveryDelay),
		DeliveryPaused: changedSetting(was.DeliveryPaused, next.DeliveryPaused, defaults.DeliveryPaused),
		MessageRetentionPeriod: changedSetting(was.MessageRetentionPeriod, next.MessageRetentionPeriod,
			defaults.MessageRetentionPeriod),
	}
}

func changedSetting[V comparable](was, next, standard *V) *V {
	if was != nil && next == nil {
		next = standard
	}
	if next == nil || was != nil && *was == *next {
		return nil
	}
	return next
}

// Read forgets the queue only if Cloudflare says that it is gone.
func (q *Queue) Read(
	ctx context.Context, req infer.ReadRequest[QueueArgs, QueueState],
) (infer.ReadResponse[QueueArgs, QueueState], error) {
	resp := infer.ReadResponse[QueueArgs, QueueState](req)
	args := req.State.QueueArgs
	imported := args.Name == ""
	account, id := splitID(ctx, req.ID)
	if !imported {
		account = args.AccountID
	}
	is, err := api(ctx).Queue(ctx, account, id)
	if errors.Is(err, cfapi.ErrNotFound) {
		return infer.ReadResponse[QueueArgs, QueueState]{}, nil
	}
	if err != nil {
		return resp, explain(err)
	}
	mentioned := args.Settings.api()
	if imported { // what is not as in any new queue
		mentioned = changedSettings(defaultQueueSettings(), is.Settings)
	}
	args.AccountID, args.Name, args.Settings = account, is.Name, seenSettings(args.Settings, mentioned, is.Settings)
	resp.ID, resp.Inputs = is.ID, args
	resp.State = QueueState{QueueArgs: args, QueueID: is.ID}
	return resp, nil
}

// seenSettings are the settings that are mentioned, as they are.
func seenSettings(was *QueueSettings, mentioned, is cfapi.QueueSettings) *QueueSettings {
	if mentioned == (cfapi.QueueSettings{}) {
		return was
	}
	return &QueueSettings{
		DeliveryDelay:          seenSetting(mentioned.DeliveryDelay, is.DeliveryDelay),
		DeliveryPaused:         seenSetting(mentioned.DeliveryPaused, is.DeliveryPaused),
		MessageRetentionPeriod: seenSetting(mentioned.MessageRetentionPeriod, is.MessageRetentionPeriod),
	}
}

func seenSetting[V any](mentioned, is *V) *V {
	if mentioned == nil || is == nil { // an answer that does not say
		return mentioned
	}
	return is
}

// Delete removes the queue with its messages. It is idempotent.
func (q *Queue) Delete(ctx context.Context, req infer.DeleteRequest[QueueState]) (infer.DeleteResponse, error) {
	err := api(ctx).DeleteQueue(ctx, req.State.AccountID, req.State.QueueID)
	if errors.Is(err, cfapi.ErrNotFound) {
		err = nil
	}
	return infer.DeleteResponse{}, explain(err)
}
