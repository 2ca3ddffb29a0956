// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/cloudflare/cloudflare-go/v7/accounts"
)

// statusActive is the status of a token that may be used.
const statusActive = "active"

// TokenID returns the id of the Client's token. It asks first as for a user's
// token and then, if that is denied and an account is given, as for one that
// belongs to the account. A token that is disabled or has expired is [ErrDenied].
func (c *Client) TokenID(ctx context.Context, account string) (string, error) {
	const op = "verify the API token"
	userCtx, call := begin(ctx, APIUser, op)
	got, userErr := c.api().userTokens.Verify(userCtx)
	if userErr == nil {
		return verified(call, got.ID, string(got.Status))
	}
	userErr = call.failed(userErr)
	if account == "" || !errors.Is(userErr, ErrDenied) {
		return "", userErr
	}
	accountCtx, call := begin(ctx, APIUser, op)
	var params accounts.TokenVerifyParams
	params.AccountID.Value = segment(account)
	owned, err := c.api().accountTokens.Verify(accountCtx, params)
	if err != nil {
		err = call.failed(err)
		if errors.Is(err, ErrDenied) || errors.Is(err, ErrNotFound) {
			err = userErr // it is no token of either sort, and the first answer says so best
		}
		return "", err
	}
	return verified(call, owned.ID, string(owned.Status))
}

func verified(call *call, id, status string) (string, error) {
	switch {
	case id == "":
		return "", call.incomplete("token id")
	case status != statusActive:
		return "", &Error{
			Op: call.op, API: call.api, Kind: ErrDenied, Status: call.status, Ray: call.ray,
			Err: errors.New("the API token is " + status),
		}
	}
	return id, nil
}

// tokenID is the id of a Client's token once it is known.
type tokenID struct {
	turn chan struct{} // holds one value; who takes it may read and set id
	id   string
}

func newTokenID() tokenID {
	t := tokenID{turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// credentials returns the keys for R2's S3 endpoint. Where they are derived, one
// caller at a time asks for the token's id, and only until one has it.
func (c *Client) credentials(ctx context.Context, account string) (aws.Credentials, error) {
	if c.R2AccessKeyID != "" || c.R2SecretAccessKey != "" {
		return aws.Credentials{AccessKeyID: c.R2AccessKeyID, SecretAccessKey: c.R2SecretAccessKey}, nil
	}
	c.prepare()
	select {
	case <-c.tokenID.turn:
		defer func() { c.tokenID.turn <- struct{}{} }()
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	if c.tokenID.id == "" && c.TokenIDs != nil {
		c.tokenID.id, _ = c.TokenIDs.TokenID(c.Token) // "" if it is not known
	}
	if c.tokenID.id == "" {
		id, err := c.TokenID(ctx, account)
		if err != nil {
			return aws.Credentials{}, err
		}
		c.tokenID.id = id
		if c.TokenIDs != nil {
			c.TokenIDs.SetTokenID(c.Token, id)
		}
	}
	return aws.Credentials{AccessKeyID: c.tokenID.id, SecretAccessKey: secretAccessKey(c.Token)}, nil
}

// secretAccessKey returns the secret that belongs to the token's id at R2.
// https://developers.cloudflare.com/r2/api/tokens/
func secretAccessKey(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
