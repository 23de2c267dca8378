package retry_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/stretchr/testify/assert"
)

func TestBudgetBoundsAnOutage(t *testing.T) {
	budget := retry.NewBudget(10)
	requests := 0
	for range 1000 { // calls of up to four attempts, all failing
		requests++
		for retries := 0; retries < 3 && budget.Spend(); retries++ {
			requests++
		}
	}
	assert.Equal(t, 1010, requests)
}

func TestBudgetRecoversOneTokenPerSuccess(t *testing.T) {
	budget := retry.NewBudget(2)
	spendAll(budget)

	budget.Success()
	assert.Equal(t, 1, spendAll(budget))

	for range 100 {
		budget.Success()
	}
	assert.Equal(t, 2, spendAll(budget), "never above the capacity")
}

func TestBudgetWithoutCapacityNeverRetries(t *testing.T) {
	for _, capacity := range []int{0, -1} {
		budget := retry.NewBudget(capacity)
		budget.Success()
		assert.False(t, budget.Spend(), "capacity %d", capacity)
	}
}

func TestBudgetIsExactUnderConcurrency(t *testing.T) {
	const workers, rounds, capacity = 8, 2000, 50
	budget := retry.NewBudget(capacity)
	var spent, returned atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range rounds {
				if budget.Spend() {
					spent.Add(1)
					budget.Success() // never above the capacity: it returns a token just taken
					returned.Add(1)
				}
			}
		})
	}
	group.Wait()
	assert.Equal(t, spent.Load(), returned.Load())
	assert.Equal(t, capacity, spendAll(budget), "no token lost or made up")
}

// spendAll empties the budget and returns how many tokens it held.
func spendAll(budget *retry.Budget) int {
	tokens := 0
	for budget.Spend() {
		tokens++
	}
	return tokens
}
