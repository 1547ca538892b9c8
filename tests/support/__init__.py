"""What tests stand on and no test is: servers, hosts and files under their control, and the product
put together for them."""
