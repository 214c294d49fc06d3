def get_payment_repository():
    return []
