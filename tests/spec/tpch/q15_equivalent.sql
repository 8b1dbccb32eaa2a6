-- The supplier whose released revenue is the largest: chosen among 10,000 public keys after the noise.
SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount)) AS total_revenue
FROM lineitem
WHERE l_shipdate >= DATE '1996-01-01' AND l_shipdate < DATE '1996-01-01' + INTERVAL 3 MONTH
GROUP BY l_suppkey
ORDER BY total_revenue DESC
LIMIT 1
