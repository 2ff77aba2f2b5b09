-- Beside the tables of the queue and the ledger, which floodmark makes in schemas of its own.
CREATE TABLE orders (
  razorpay_order_id text PRIMARY KEY,
  amount int NOT NULL CHECK (amount > 0),
  currency text NOT NULL,
  status text NOT NULL,
  updated_at timestamptz NOT NULL
);
-- A payment belongs to one order, and is booked once: whatever the sender does, and whatever the handler does.
CREATE TABLE payments (
  razorpay_payment_id text PRIMARY KEY,
  razorpay_order_id text NOT NULL REFERENCES orders,
  amount int NOT NULL
);
