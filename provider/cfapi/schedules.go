// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go/v7/workers"
)

// Schedules returns the cron expressions of the Worker's Cron Triggers.
func (c *Client) Schedules(ctx context.Context, account, script string) ([]string, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("read cron triggers of worker %q", script))
	var params workers.ScriptScheduleGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().scripts.Schedules.Get(ctx, segment(script), params)
	if err != nil {
		return nil, call.failed(err)
	}
	crons := make([]string, 0, len(got.Schedules))
	for _, s := range got.Schedules {
		crons = append(crons, s.Cron)
	}
	return crons, nil
}

// SetSchedules replaces all Cron Triggers of the Worker; no crons remove them.
func (c *Client) SetSchedules(ctx context.Context, account, script string, crons []string) error {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("change cron triggers of worker %q", script))
	params := workers.ScriptScheduleUpdateParams{Body: make([]workers.ScriptScheduleUpdateParamsBody, len(crons))}
	params.AccountID.Value = segment(account)
	for i, cron := range crons {
		params.Body[i].Cron.Value, params.Body[i].Cron.Present = cron, true
	}
	if _, err := c.api().scripts.Schedules.Update(ctx, segment(script), params); err != nil {
		return call.failed(err)
	}
	return nil
}
