// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// TestWhatIsNoLongerSaidIsSentAsItsDefault: that a PUT resets what it leaves out is not known.
func TestWhatIsNoLongerSaidIsSentAsItsDefault(t *testing.T) {
	t.Parallel()
	assert.Equal(t, cfapi.QueueConsumer{
		ID: "c", Type: cfapi.QueueConsumerWorker, Script: "api",
		Settings: cfapi.QueueConsumerSettings{
			BatchSize: new(10), MaxRetries: new(3), MaxWaitTimeMS: new(5000), RetryDelay: new(0),
		},
	}, QueueConsumer{}.replacement("api", "c"))

	full, empty := EmailRoute{Name: "n", Priority: new(5)}, EmailRoute{}
	assert.Equal(t, cfapi.EmailRuleSettings{Enabled: true, Name: new(""), Priority: new(0)}, ruleSettings(full, empty))
	assert.Equal(t, cfapi.EmailRuleSettings{Enabled: true, Name: new("n"), Priority: new(5)}, ruleSettings(empty, full))
	assert.Equal(t, cfapi.EmailRuleSettings{Enabled: true}, ruleSettings(empty, empty), "left to Cloudflare")
}

// TestASettingSaysTheSameInOtherWords: as it is written, unless it means something else.
func TestASettingSaysTheSameInOtherWords(t *testing.T) {
	t.Parallel()
	said := consumerFromAPI(QueueConsumer{}.replacement("api", "c"))
	assert.Equal(t, QueueConsumer{}, said.as(QueueConsumer{}))
	assert.Equal(t, QueueConsumer{MaxRetries: new(3)}, said.as(QueueConsumer{MaxRetries: new(3)}))
	was := QueueConsumer{MaxRetries: new(4), MaxBatchTimeout: new(2.5), MaxConcurrency: new(1), DeadLetterQueue: "dead"}
	assert.Equal(t, QueueConsumer{MaxRetries: new(3), MaxBatchTimeout: new(5.0)}, said.as(was))
	assert.Equal(t, was, consumerFromAPI(was.toAPI("api")))
}
